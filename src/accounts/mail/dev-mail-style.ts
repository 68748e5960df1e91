/** The style of the page of development mails: a pile of letters, in light and dark. */
export const DEV_MAIL_STYLE = `
:root {
  --table: #fbf7f0; --card: #fff; --ink: #261a1b; --faint: #6b5a58; --line: #e5d9c9;
  --accent: #b3261e; --gold: #f2b632; --gold-ink: #3a2a05;
}
@media (prefers-color-scheme: dark) {
  :root {
    --table: #171214; --card: #211a1c; --ink: #f3e9df; --faint: #b5a49d; --line: #3b2f31; --accent: #ff8a73;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  min-height: 100vh; padding: clamp(0.75rem, 4vw, 3rem); background: var(--table); color: var(--ink);
  font: 1rem/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 46rem; margin: 0 auto; }
.notice {
  padding: 0.6rem 1.2rem; border-radius: 12px; background: var(--gold); color: var(--gold-ink); font-size: 0.9rem;
}
h1 { margin: 1.6rem 0 1rem; font-size: clamp(1.7rem, 6vw, 2.3rem); letter-spacing: -0.02em; line-height: 1.2; }
.empty { color: var(--faint); }
details {
  margin-top: 0.6rem; border: 1px solid var(--line); border-radius: 14px; background: var(--card);
  overflow: clip;
}
summary {
  display: grid; grid-template-columns: 1fr auto; gap: 0.1rem 1rem; padding: 0.9rem 1.2rem; cursor: pointer;
  list-style: none;
}
summary::-webkit-details-marker { display: none; }
summary strong { overflow-wrap: anywhere; }
summary span, summary time { color: var(--faint); font-size: 0.88rem; overflow-wrap: anywhere; }
summary span { grid-column: 1 / -1; }
details[open] summary { border-bottom: 2px dotted var(--line); }
pre {
  padding: 1.1rem 1.2rem; font: inherit; font-size: 0.95rem; line-height: 1.55; white-space: pre-wrap;
  overflow-wrap: anywhere;
}
details > p { padding: 0 1.2rem 1.1rem; font-size: 0.9rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--gold); outline-offset: 2px; }
@media (max-width: 30rem) { summary { grid-template-columns: 1fr; } }
`
