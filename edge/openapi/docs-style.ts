export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1d2430, #dfe4ec);
  --faint: light-dark(#5a6472, #97a1b0);
  --line: light-dark(#dfe3e8, #2c3440);
  --ground: light-dark(#ffffff, #12161c);
  --raised: light-dark(#f5f7f9, #1a2028);
  --get: light-dark(#0b6bcb, #6cb2ff);
  --post: light-dark(#18794e, #5cd69b);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  padding: 2rem 1.25rem 6rem;
  max-width: 60rem;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif;
}
h1 { font-size: 2rem; margin: 0 0 .5rem; }
h2 { margin: 3rem 0 .25rem; }
h4 { margin: 1.25rem 0 .25rem; font-size: .9rem; color: var(--faint); }
p { margin: .5rem 0; }
a { color: inherit; text-underline-offset: .2em; }
nav ul { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .25rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre {
  margin: .5rem 0;
  padding: .75rem 1rem;
  overflow-x: auto;
  background: var(--ground);
  border: 1px solid var(--line);
  border-radius: .4rem;
}
article, .schema {
  margin: 1.25rem 0;
  padding: 1rem 1.25rem;
  background: var(--raised);
  border: 1px solid var(--line);
  border-radius: .6rem;
}
article h3, .schema h3 { margin: 0; font-size: 1.05rem; }
.method { display: inline-block; min-width: 3.2em; font-weight: 700; }
.get { color: var(--get); }
.post { color: var(--post); }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .925rem; }
th, td { padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 600; border-top: 0; }
.faint { color: var(--faint); }
`;
