import { describeSeparation } from "../support/projects/describe-separation.ts";

describeSeparation("TimescaleDB and files", { args: [], hasColdTier: true });
