import { findFreePort } from "../../local/free-port.ts";
import { databaseUrlOf, timescalePart } from "../../local/store-parts.ts";
import { type Service, startService } from "./service.ts";
import { makeTempDir } from "./temp-dir.ts";
import { copyTimescaleTemplate } from "./timescale-template.ts";

export interface TimescaleService extends Service {
  readonly port: number;
  readonly url: string;
}

/** The embedded TimescaleDB, in a process of its own. */
export async function startTimescale(): Promise<TimescaleService> {
  const tempDir = await makeTempDir("timescale");
  await copyTimescaleTemplate(tempDir.path);
  const port = await findFreePort();
  const service = await startService(timescalePart(tempDir.path, port), tempDir);
  return { ...service, port, url: databaseUrlOf(port) };
}
