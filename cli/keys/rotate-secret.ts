import { finishKeyRotation, rotateKeySecret } from "../../local/rotate-key-secret.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { confirm } from "../confirm.ts";
import { count } from "../table.ts";
import { type Deployment, findDeployment } from "./deployment.ts";
import { listKeys } from "./listed-key.ts";
import { FINISH_STEPS, printNewSecret } from "./new-secret.ts";
import { openRegister } from "./register.ts";
import { planReissue, reissue } from "./reissue.ts";

export type RotateOptions = {
  readonly print?: boolean;
  readonly output?: string;
  readonly reissue?: boolean;
  readonly finish?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
};

/**
 * `sluice keys rotate-secret`, in three acts: a new secret beside the present one, new keys for those that the old one signed, and the
 * end of the old one. The local stack's secrets are changed here; those of a deployment by whoever keeps them.
 */
export async function rotateSecret(options: RotateOptions): Promise<void> {
  if (options.json && !options.reissue) throw new UsageError("--json goes with --reissue");
  const deployment = findDeployment(process.env);
  if (options.reissue) return reissue(deployment, options.json === true);
  const isElsewhere = options.print === true || options.output !== undefined;
  const { dataDir, secrets } = deployment;
  if (isElsewhere || dataDir === undefined || secrets === undefined) {
    if (options.finish) process.stderr.write(FINISH_STEPS);
    else printNewSecret(process.env, options.output);
    return;
  }
  if (options.finish) return finish(deployment, dataDir, options.yes === true);
  if (secrets.previous !== undefined) {
    throw new UsageError(
      `The last rotation in ${dataDir} is not finished, and the keys before it would be refused at once: first sluice keys rotate-secret --finish`,
    );
  }
  await rotateKeySecret(dataDir);
  process.stdout.write(ROTATED(dataDir));
}

const ROTATED = (dataDir: string) => `Made a new secret for keys in ${dataDir}
  1. Stop npm start and start it again: until then keys made from now on are refused
  2. sluice keys rotate-secret --reissue     a new key for each that is listed: hand them out
  3. sluice keys rotate-secret --finish      when nobody uses the old ones, and start npm start again
`;

async function finish(deployment: Deployment, dataDir: string, isSure: boolean): Promise<void> {
  if (deployment.secrets?.previous === undefined) {
    throw new UsageError(`Nothing to finish in ${dataDir}: no rotation of the secret is under way`);
  }
  const question = `Refuse every key that the previous secret signed${await describeRest(deployment)}?`;
  if (!isSure && !(await confirm(question))) throw new CliError("The rotation goes on");
  await finishKeyRotation(dataDir);
  process.stdout.write(
    "Dropped the previous secret: stop npm start and start it again, and the keys that it signed are refused\n",
  );
}

/** How many listed keys nobody has replaced; nothing where that cannot be told. */
async function describeRest({ secrets, redis }: Deployment): Promise<string> {
  if (secrets === undefined || redis === undefined) return "";
  const register = openRegister(redis);
  const answer = await register.read().catch(() => undefined);
  if (answer === undefined) return "";
  const keys = listKeys(answer, secrets, Date.now());
  const rest = planReissue(keys, secrets).filter(({ replacement }) => replacement === undefined);
  return rest.length === 0
    ? ""
    : `, ${count(rest.length, "listed key")} without a replacement among them`;
}
