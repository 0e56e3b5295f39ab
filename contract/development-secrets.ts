/** Names of settings that hold a secret. A URL is one where it has a password in it. */
const SECRET_NAME = /SECRET|PASSWORD|TOKEN|ACCESS_KEY/;

/**
 * Whether a setting holds a secret that everybody knows: those of docker-compose.yml say "development", and the embedded database's
 * password is its user's name.
 */
export function isDevelopmentSecret(name: string, value: string): boolean {
  if (URL.canParse(value) && value.includes("://")) {
    const { username, password } = new URL(value);
    return password !== "" && (password === username || saysDevelopment(password));
  }
  return SECRET_NAME.test(name) && saysDevelopment(value);
}

function saysDevelopment(secret: string): boolean {
  return /development/i.test(secret);
}
