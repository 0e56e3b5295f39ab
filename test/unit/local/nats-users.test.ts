import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { EDGE_KEY, type NscCalls, type NscUser, recordNscUsers } from "../../support/nsc-users.ts";

const CONF = readFileSync(new URL("../../../deploy/nats-accounts.conf", import.meta.url), "utf8");
const configured = parseUsers(CONF);

let made: NscCalls;

beforeAll(async () => {
  made = await recordNscUsers();
});

describe("deploy/nats-users.sh", () => {
  it("makes the users of nats-accounts.conf", () => {
    expect(Object.keys(made.users).sort()).toEqual(["edge", "operator", "worker"]);
    expect(Object.keys(configured).sort()).toEqual(["edge", "operator", "worker"]);
  });

  it.each(["edge", "worker", "operator"])("lets the %s do the same, by the same doors", (name) => {
    expect(sorted(made.users[name])).toEqual(sorted(configured[name]));
  });

  it("lends the edge's account the way into the stream, and no other", () => {
    expect(made.users.edge?.account).toBe("EDGE");
    expect(made.users.worker?.account).toBe("SLUICE");
    expect(made.users.operator?.account).toBe("SLUICE");
    const sharing = made.calls.map((call) => call.join(" ")).filter((call) => /port/.test(call));
    expect(sharing).toEqual([
      "add export --account SLUICE --name events --subject events.> --service --private",
      expect.stringMatching(/^add import --account EDGE --name events --token \S+$/),
    ]);
    const activation = made.calls.find(
      ([verb, what]) => `${verb} ${what}` === "generate activation",
    );
    expect(activation?.slice(2, 8)).toEqual([
      ...["--account", "SLUICE", "--target-account", EDGE_KEY, "--subject", "events.>"],
    ]);
  });
});

function parseUsers(conf: string): Record<string, NscUser> {
  const text = conf.replaceAll(/#.*/g, "");
  const users = text.matchAll(
    /user: (\w+)\s+password: \S+\s+allowed_connection_types: \[([^\]]*)\]\s+permissions: \{\s+publish: \{\s*allow: \[([^\]]*)\],?\s*deny: \[([^\]]*)\]\s*\}\s+subscribe: \{ allow: \[([^\]]*)\], deny: \[([^\]]*)\] \}/g,
  );
  return Object.fromEntries(
    [...users].map(([all, name = "", ...lists]) => {
      const [connectionTypes = [], ...subjects] = lists.map(parseList);
      const [publish = [], notPublish = [], subscribe = [], notSubscribe = []] = subjects;
      const before = text.slice(0, text.indexOf(all));
      const user: NscUser = {
        account: /.*^ {2}(\w+) \{/ms.exec(before)?.[1] ?? "",
        connectionTypes,
        pub: { allow: publish, deny: notPublish },
        sub: { allow: subscribe, deny: notSubscribe },
      };
      return [name, user];
    }),
  );
}

function parseList(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"/g)].map(([, item = ""]) => item);
}

/** The order of a list means nothing. */
function sorted(user: NscUser | undefined) {
  if (user === undefined) return undefined;
  const { account, connectionTypes, pub, sub } = user;
  const lists = [connectionTypes, pub.allow, pub.deny, sub.allow, sub.deny];
  return [account, ...lists.map((list) => [...list].sort())];
}
