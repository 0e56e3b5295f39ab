/** What a setting is for, in a cell of docs/settings.md; with its default where that is no constant. */
export type SettingNote = string | { readonly note: string; readonly byDefault: string };
