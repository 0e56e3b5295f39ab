/** Advisory locks that workers on one database take, each a pair of this class and a number. */
export const LOCK_CLASS = 0x51_1c_e0;

export const MIGRATION_LOCK = 1;
/** Shared by transactions that write events while there is a cold tier; whoever moves the floor takes it alone. */
export const FLOOR_LOCK = 2;
/** Held by the one worker that moves rows to the cold tier, or collects its garbage. */
export const ARCHIVE_LOCK = 3;
/** Plus the aggregate's place in the list of aggregates. */
export const FIRST_REFRESH_LOCK = 10;
