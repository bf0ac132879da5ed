/*
 * A machine with faults, for a process that is started with this in LD_PRELOAD: the N-th write, flush, rename … below a
 * folder fails, once or from then on, and the wall clock is wrong by as much as is asked for. What to do stands in a
 * file that FAULTY_MACHINE names and that every such process shares; machine.ts writes it. The monotonic clock and all
 * other files are as they are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As machine.ts has it. */
struct control {
  int64_t armed;
  int64_t operations; /* which of them count: a bit each */
  int64_t at;         /* the first that fails, from 1 on */
  int64_t error;      /* errno */
  int64_t lasting;    /* not just that one, but all from then on */
  int64_t torn;       /* the first writes half of its bytes before anything fails */
  int64_t seen;
  int64_t failed;
  int64_t clock_ns;   /* by how much the wall clock is ahead */
  int64_t signal;     /* that the process gets there, in place of failing */
  int64_t folder_length;
  char folder[1024];
};

enum { OPEN = 1, WRITE = 2, FLUSH = 4, TRUNCATE = 8, RENAME = 16, UNLINK = 32, MKDIR = 64, READ = 128 };

static struct control *control;

#define REAL(result, name, ...) \
  static result (*real)(__VA_ARGS__); \
  if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTY_MACHINE");
  if (!path) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0 || ftruncate(file, sizeof(struct control)) != 0) return;
  void *shared = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared != MAP_FAILED) control = shared;
}

static int is_armed(int operation) {
  return control && __atomic_load_n(&control->armed, __ATOMIC_SEQ_CST) && (control->operations & operation);
}

static int is_inside(const char *path) {
  size_t length = (size_t)control->folder_length;
  return length > 0 && path && strncmp(path, control->folder, length) == 0;
}

static int is_inside_fd(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_inside(path);
}

/* 0: goes on; 1: fails, errno says how; 2: half of it is done */
static int strike(void) {
  int64_t number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (number < control->at || (number > control->at && !control->lasting)) return 0;
  __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
  if (control->signal) {
    kill(getpid(), (int)control->signal);
    return 0;
  }
  if (control->torn && number == control->at) return 2;
  errno = (int)control->error;
  return errno != 0;
}

static int on_path(int operation, const char *path) {
  return is_armed(operation) && is_inside(path) && strike() == 1;
}

static int on_fd(int operation, int fd) {
  return is_armed(operation) && is_inside_fd(fd) ? strike() : 0;
}

#define OPENS(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, #name, const char *, int, ...); \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
    va_end(more); \
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && on_path(OPEN, path)) return -1; \
    return real(path, flags, mode); \
  }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    REAL(int, #name, int, const char *, int, ...); \
    va_list more; \
    va_start(more, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
    va_end(more); \
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && on_path(OPEN, path)) return -1; \
    return real(folder, path, flags, mode); \
  }
OPENS_AT(openat)
OPENS_AT(openat64)

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  int struck = on_fd(WRITE, fd);
  return struck == 1 ? -1 : real(fd, bytes, struck == 2 ? count / 2 : count);
}

#define WRITES_AT(name, offset_t) \
  ssize_t name(int fd, const void *bytes, size_t count, offset_t at) { \
    REAL(ssize_t, #name, int, const void *, size_t, offset_t); \
    int struck = on_fd(WRITE, fd); \
    return struck == 1 ? -1 : real(fd, bytes, struck == 2 ? count / 2 : count, at); \
  }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  return on_fd(WRITE, fd) == 1 ? -1 : real(fd, parts, count);
}

#define READS_AT(name, offset_t) \
  ssize_t name(int fd, void *bytes, size_t count, offset_t at) { \
    REAL(ssize_t, #name, int, void *, size_t, offset_t); \
    return on_fd(READ, fd) == 1 ? -1 : real(fd, bytes, count, at); \
  }
READS_AT(pread, off_t)
READS_AT(pread64, off64_t)

#define ON_FD(name, operation) \
  int name(int fd) { \
    REAL(int, #name, int); \
    return on_fd(operation, fd) == 1 ? -1 : real(fd); \
  }
ON_FD(fsync, FLUSH)
ON_FD(fdatasync, FLUSH)

#define TRUNCATES(name, offset_t) \
  int name(int fd, offset_t length) { \
    REAL(int, #name, int, offset_t); \
    return on_fd(TRUNCATE, fd) == 1 ? -1 : real(fd, length); \
  }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

#define ON_TWO_PATHS(name, operation) \
  int name(const char *from, const char *to) { \
    REAL(int, #name, const char *, const char *); \
    return on_path(operation, to) ? -1 : real(from, to); \
  }
ON_TWO_PATHS(rename, RENAME)
ON_TWO_PATHS(link, RENAME)

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  return on_path(UNLINK, path) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  return on_path(MKDIR, path) ? -1 : real(path, mode);
}

/* The wall clock. */

static int64_t ahead_ns(void) {
  return control ? __atomic_load_n(&control->clock_ns, __ATOMIC_SEQ_CST) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int done = real(clock, at);
  if (done != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return done;
  int64_t ahead = ahead_ns();
  int64_t second = 1000000000;
  int64_t ns = at->tv_nsec + ahead % second;
  at->tv_sec += ahead / second + (ns < 0 ? -1 : ns / second);
  at->tv_nsec = ns < 0 ? ns + second : ns % second;
  return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
