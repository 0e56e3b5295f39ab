import { afterAll, beforeAll, expect, it } from "vitest";
import { EVENTS_STREAM } from "../../../contract/stream.ts";
import { eventsStreamWish } from "../../../contract/stream-wish.ts";
import { prepareDeployedCluster } from "../../support/deployed-nats.ts";
import { type NatsCluster, startNatsCluster } from "../../support/nats-cluster.ts";
import { openReplicatedStream, type ReplicatedStream } from "../../support/replicated-stream.ts";

let cluster: NatsCluster;
let stream: ReplicatedStream;

beforeAll(async () => {
  cluster = await startNatsCluster(prepareDeployedCluster);
  stream = await openReplicatedStream(cluster);
});

afterAll(async () => {
  await stream?.close();
  await cluster?.stop();
});

it("deploy/nats-cluster.conf makes three servers of one cluster", async () => {
  const wish = eventsStreamWish({ maxBytes: 1_000_000, maxAgeHours: 1, replicas: 3 });
  const { cluster: members } = await stream.manager.streams.add({
    ...wish,
    subjects: ["events.>"],
  });
  expect(members?.name).toBe("sluice");
  await stream.leader();
  const info = await stream.manager.streams.info(EVENTS_STREAM);
  const names = [info.cluster?.leader, ...(info.cluster?.replicas ?? []).map(({ name }) => name)];
  expect(names.sort()).toEqual(["nats-1", "nats-2", "nats-3"]);
});
