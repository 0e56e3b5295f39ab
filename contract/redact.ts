/**
 * A key, whole or not, also percent-encoded: what follows its kid is what makes it one. It may follow any character: in JSON a line end
 * before it is `\n`, in a URL's parameter the sign before it `%3D`.
 */
const KEY = /slu(_|%5f)([wra])\1([a-z0-9-]{1,40})\1([a-z0-9]{1,20})(?:_|%5f)[0-9a-z_%]+/gi;

/**
 * The password of a URL such as `postgres://user:password@host`: up to the last @ before a sign that ends it, or, since passwords are
 * also put there as they are, beyond such signs; but a port is no password. It reaches no further than to the next URL, so that the time
 * is in proportion to the text.
 */
const URL_PASSWORD =
  /(:\/\/[^\s:@/?#"]*:)(?:[^\s/?#"]+|(?!\d{1,5}[/?#])(?:(?!:\/\/)[^\s"])+)(?=@)/g;

/** An nkey's seed, whole or cut: of an operator, account, user, server, cluster or curve. What is left of it is too little to try the rest. */
const NATS_SEED = /(S[OAUNCX])[A-Z2-7]{32,}/g;

/** A JWT, such as that of a .creds file, with its signature or without. Its head has a bound, so that the time is in proportion to the text. */
const JWT = /eyJ[\w-]{10,200}\.eyJ[\w-]*(?:\.[\w-]*)?/g;

/**
 * The text without the secrets in it: of keys it leaves what names them, of URLs the user. For logs, and for answers that quote. JSON
 * stays the JSON of the same structure.
 */
export function redact(text: string): string {
  return text
    .replace(KEY, "slu_$2_$3_$4_[redacted]")
    .replace(URL_PASSWORD, "$1[redacted]")
    .replace(NATS_SEED, "$1[redacted]")
    .replace(JWT, "[redacted JWT]");
}
