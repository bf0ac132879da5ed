"""Douyin Pay's side of a signature and a seal, in nothing but Python: no OpenSSL, none of what the product uses.

Reads a JSON list of tasks from standard input and answers each in a JSON list.
"""

import base64
import hashlib
import json
import re
import sys

PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of SHA-256


def number(text):
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def padded(message, size):
    digest = PREFIX + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest


def verify(jwk, message, signature):
    n, e = number(jwk["n"]), number(jwk["e"])
    size = (n.bit_length() + 7) // 8
    opened = pow(int.from_bytes(base64.b64decode(signature), "big"), e, n)
    return opened.to_bytes(size, "big") == padded(message, size)


def sign(jwk, message):
    n, d = number(jwk["n"]), number(jwk["d"])
    size = (n.bit_length() + 7) // 8
    return base64.b64encode(pow(int.from_bytes(padded(message, size), "big"), d, n).to_bytes(size, "big")).decode()


def double(byte):
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = double(a), b >> 1
    return product


def substitution():
    powers = [1]
    while len(powers) < 255:
        powers.append(times(powers[-1], 3))
    box = []
    for byte in range(256):
        inverse = powers[-powers.index(byte) % 255] if byte else 0
        box.append(0x63)
        for turn in range(5):
            box[byte] ^= ((inverse << turn) | (inverse >> (8 - turn))) & 0xFF
    return box


SBOX = substitution()


def schedule(key):
    words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
    rcon = 1
    for i in range(8, 60):
        word = list(words[-1])
        if i % 8 == 0:
            word = [SBOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = double(rcon)
        elif i % 8 == 4:
            word = [SBOX[byte] for byte in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[i : i + 4], []) for i in range(0, 60, 4)]


def block(keys, data):
    state = [a ^ b for a, b in zip(data, keys[0])]
    for turn, key in enumerate(keys[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if turn < 14:
            mixed = []
            for column in range(0, 16, 4):
                a, b, c, d = state[column : column + 4]
                for w, x, y, z in ((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c)):
                    mixed.append(times(w, 2) ^ times(x, 3) ^ y ^ z)
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


def ghash(h, data):
    total = 0
    for i in range(0, len(data), 16):
        total ^= int.from_bytes(data[i : i + 16].ljust(16, b"\0"), "big")
        product, factor = 0, h
        for bit in range(127, -1, -1):
            if total >> bit & 1:
                product ^= factor
            factor = (factor >> 1) ^ (0xE1 << 120 if factor & 1 else 0)
        total = product
    return total


def seal(key, nonce, associated, text):
    keys = schedule(key.encode())
    counter = nonce.encode() + b"\0\0\0\1"
    sealed = b""
    for i in range(0, len(text), 16):
        stream = block(keys, counter[:12] + (2 + i // 16).to_bytes(4, "big"))
        sealed += bytes(a ^ b for a, b in zip(text[i : i + 16], stream))
    aad = associated.encode()
    blocks = aad + b"\0" * (-len(aad) % 16) + sealed + b"\0" * (-len(sealed) % 16)
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(sealed)).to_bytes(8, "big")
    tag = ghash(int.from_bytes(block(keys, bytes(16)), "big"), blocks + lengths)
    tag ^= int.from_bytes(block(keys, counter), "big")
    return base64.b64encode(sealed + tag.to_bytes(16, "big")).decode()


def request(task):
    """Whether a request bears a signature of this merchant over what was sent."""
    scheme, _, members = task["authorization"].partition(" ")
    said = dict(re.findall(r'(\w+)="([^"]*)"', members))
    lines = [task["method"], task["target"], said["timestamp"], said["nonce_str"], task["body"]]
    holds = verify(task["key"], "".join(line + "\n" for line in lines).encode(), said["signature"])
    return {"scheme": scheme, "holds": holds, **{name: said[name] for name in ("mchid", "serial_no", "timestamp")}}


def lines(task):
    """Whether a text of lines is signed."""
    return verify(task["key"], "".join(line + "\n" for line in task["lines"]).encode(), task["signature"])


def message(task):
    """An answer or a notification, signed; what it is about is sealed first where that is wanted."""
    body = task["body"]
    if "resource" in task:
        text = json.dumps(task["resource"], ensure_ascii=False).encode()
        ciphertext = seal(task["apiKey"], "0123456789ab", "order", text)
        sealed = {"algorithm": "AEAD_AES_256_GCM", "ciphertext": ciphertext}
        body = json.dumps({**body, "resource": {**sealed, "nonce": "0123456789ab", "associated_data": "order"}})
    signed = f"{task['timestamp']}\n{task['nonce']}\n{body}\n".encode()
    return {"body": body, "signature": sign(task["key"], signed)}


TASKS = {"request": request, "lines": lines, "message": message}
json.dump([TASKS[task["what"]](task) for task in json.load(sys.stdin)], sys.stdout)
