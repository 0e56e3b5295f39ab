import { verifyKey } from "../../contract/key.ts";
import { revocationField } from "../../contract/revocation.ts";
import { CliError, UsageError } from "../cli-error.ts";
import { confirm } from "../confirm.ts";
import { type Deployment, findDeployment, needRedis } from "./deployment.ts";
import { type GivenKey, readGivenKey } from "./given-key.ts";
import { openRegister } from "./register.ts";

export type RevokeOptions = { readonly project?: string; readonly yes?: boolean };

/** `sluice keys revoke`. Says that a key is revoked only when Redis holds it. */
export async function revoke(argument: string, options: RevokeOptions): Promise<void> {
  const given = await readGivenKey(argument);
  const name = nameOf(given, options.project);
  const { projectId, kid } = name;
  const deployment = findDeployment(process.env);
  const register = openRegister(needRedis(deployment));
  for (const doubt of doubtsAbout(given, deployment)) process.stderr.write(`Note: ${doubt}\n`);
  const question = `Revoke key ${kid} of project ${projectId} at ${register.origin} for good?`;
  if (!options.yes && !(await confirm(question))) throw new CliError("Nothing was revoked");

  const now = new Date().toISOString();
  const revokedAt = await register.revoke(revocationField(name), now);
  process.stdout.write(
    revokedAt === now
      ? `Revoked key ${kid} of project ${projectId}: effective within 60 s everywhere\n`
      : `Key ${kid} of project ${projectId} was revoked before, at ${revokedAt}\n`,
  );
}

function nameOf(given: GivenKey, project: string | undefined) {
  if ("kid" in given) {
    if (project !== undefined) return { projectId: project, kid: given.kid };
    throw new UsageError("A kid needs its project: pass --project, or give the whole key");
  }
  const { projectId, kid } = given.claims;
  if (project === undefined || project === projectId) return { projectId, kid };
  throw new UsageError(`The key is of project ${projectId}, and --project says ${project}`);
}

/** What may make it another key than somebody means. It is revoked all the same, since a key may be known from a bad copy only. */
function doubtsAbout(given: GivenKey, { secrets, dataDir }: Deployment): string[] {
  const kid = "kid" in given ? given.kid : given.claims.kid;
  const doubts =
    dataDir !== undefined && /^local[wra]$/.test(kid)
      ? ["npm start makes its key with this kid at every start: it is refused for good"]
      : [];
  if ("kid" in given) return doubts;
  const known = secrets === undefined ? [] : [secrets.current, secrets.previous ?? secrets.current];
  const { status } = verifyKey(given.text, known);
  if (status === "malformed")
    doubts.push("the key is not whole; its project and kid are what counts");
  if (status === "mistyped") {
    doubts.push("the key is mistyped: make sure that project and kid are the right ones");
  }
  if (status === "forged" && secrets !== undefined) {
    doubts.push("the key was not signed with a secret of this deployment");
  }
  return doubts;
}
