import { wrongSetting } from '../../domain/errors.ts';

/** The scene that stands for no scene: with it, Alipay takes no number of the merchant's. */
const NO_SCENE = 'DEFAULT|DEFAULT';

/** Whether a text is a scene under which agreements are signed. */
export function isSignScene(text: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,31}\|[A-Z][A-Z0-9_]{0,31}$/.test(text) && text !== NO_SCENE;
}

/** The scene of the merchant's contract for 商家扣款; undefined where there is none. Throws CONFIGURATION. */
export function readSignScene(text: string | undefined): string | undefined {
  if (text === undefined || isSignScene(text)) return text;
  throw wrongSetting(
    'AP_SIGN_SCENE',
    '不是签约场景：填“商家扣款”合同中的场景，形如 INDUSTRY|DIGITAL_MEDIA（沙箱为 INDUSTRY|DEFAULT_SCENE，不能是 DEFAULT|DEFAULT），或不设置。',
    'is no scene of agreements: put the one of your contract for agreements, such as INDUSTRY|DIGITAL_MEDIA (in the sandbox INDUSTRY|DEFAULT_SCENE, never DEFAULT|DEFAULT), or unset it.',
  );
}
