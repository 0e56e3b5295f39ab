/** Has the form of what nsc writes, and lets nobody in anywhere. */
export const FAKE_JWT = [
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ",
  "eyJzdWIiOiJVIiwibmF0cyI6e319",
  "c2lnbmF0dXJl_-",
].join(".");
export const FAKE_SEED = `SU${"A2".repeat(28)}`;

export const FAKE_CREDS = `-----BEGIN NATS USER JWT-----
${FAKE_JWT}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.
NKEYs are sensitive and should be treated as secrets.

-----BEGIN USER NKEY SEED-----
${FAKE_SEED}
------END USER NKEY SEED------

*************************************************************
`;
