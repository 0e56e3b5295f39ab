import type { SettingNote } from "../../contract/setting-note.ts";

/** What each setting of the edge on Node is for, besides those of every edge; for docs/settings.md. */
export const NODE_SETTING_NOTES: Readonly<Record<string, SettingNote>> = {
  HOST: "Address to listen on",
  PORT: "Port to listen on",
  REGION: "Names this edge in metrics and to NATS, as Cloudflare's regions do there",
  OUTBOX_DIR:
    "Folder of the outbox and of the list of revoked keys: it must outlive the process. Processes of one machine may share it",
};
