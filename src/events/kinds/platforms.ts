/** Where the platforms themselves take messages: names that no file chooses. */
export const FEISHU = 'open.feishu.cn';
export const LARK = 'open.larksuite.com';
export const DINGTALK = 'oapi.dingtalk.com';
export const WECOM = 'qyapi.weixin.qq.com';
export const BARK = 'api.day.app';
export const SERVERCHAN = 'sctapi.ftqq.com';

export const PLATFORM_HOSTS: ReadonlySet<string> = new Set([FEISHU, LARK, DINGTALK, WECOM, BARK, SERVERCHAN]);
