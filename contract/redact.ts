/** A key, whole or not, also percent-encoded: what follows its kid is what makes it one. */
const KEY = /\bslu(_|%5f)([wra])\1([a-z0-9-]{1,40})\1([a-z0-9]{1,20})(?:_|%5f)[0-9a-z_%]+/gi;
/** The password of a URL such as `postgres://user:password@host`. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/?#"]*:)[^\s@/?#"]+(?=@)/gi;

/** The text without the secrets in it: of keys it leaves what names them, of URLs the user. For logs, and for answers that quote. */
export function redact(text: string): string {
  return text.replace(KEY, "slu_$2_$3_$4_[redacted]").replace(URL_PASSWORD, "$1[redacted]");
}
