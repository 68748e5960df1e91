/** The style of the sandbox's page: a ticket on a table, by day and by night. */
export const SANDBOX_STYLE = `
:root {
  --table: #fbf7f0; --card: #fff; --ink: #261a1b; --faint: #6b5a58; --line: #e5d9c9;
  --accent: #b3261e; --accent-ink: #fff; --gold: #f2b632; --gold-ink: #3a2a05;
}
@media (prefers-color-scheme: dark) {
  :root {
    --table: #171214; --card: #211a1c; --ink: #f3e9df; --faint: #b5a49d; --line: #3b2f31;
    --accent: #ff8a73; --accent-ink: #2a0c08;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  display: grid; place-items: center; min-height: 100vh; min-height: 100dvh;
  padding: clamp(0.75rem, 4vw, 3rem); background: var(--table); color: var(--ink);
  font: 1rem/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main {
  width: 100%; max-width: 30rem; overflow: clip; border: 1px solid var(--line); border-radius: 16px;
  background: var(--card);
}
.sandbox { padding: 0.7rem 1.5rem; background: var(--gold); color: var(--gold-ink); font-size: 0.9rem; }
header { padding: 1.6rem 1.5rem 1.4rem; border-bottom: 2px dotted var(--line); }
h1 { font-size: clamp(1.9rem, 8vw, 2.5rem); font-weight: 760; line-height: 1.15; letter-spacing: -0.02em; }
h1 span { display: block; color: var(--faint); font-size: 1rem; font-weight: 500; letter-spacing: 0; }
.reference {
  margin-top: 0.4rem; color: var(--faint); font: 0.8rem ui-monospace, Menlo, Consolas, monospace;
  overflow-wrap: anywhere;
}
.outcome { padding: 1.2rem 1.5rem; }
form { display: grid; gap: 1rem; padding: 1.4rem 1.5rem 0.5rem; }
.after { padding-bottom: 1.5rem; border-top: 1px solid var(--line); }
.choice { display: grid; grid-template-columns: 11rem 1fr; gap: 0.25rem 1rem; align-items: center; }
.choice p, .never { color: var(--faint); font-size: 0.9rem; line-height: 1.4; }
.after .choice { grid-template-columns: 1fr; gap: 0.6rem; }
.after .choice p { padding-left: 0; }
.never { padding: 0.6rem 1.5rem 1.5rem; }
button, .back {
  min-height: 2.9rem; padding: 0 1rem; border: 1.5px solid var(--line); border-radius: 999px;
  background: var(--card); color: var(--ink); font: inherit; font-weight: 650; line-height: 1; cursor: pointer;
}
button[value="approve"], .back { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); }
button:hover, .back:hover { border-color: var(--ink); }
:focus-visible { outline: 3px solid var(--gold); outline-offset: 2px; }
.back { display: inline-grid; place-items: center; margin: 0 1.5rem 1.5rem; text-decoration: none; }
@media (max-width: 26rem) {
  .choice { grid-template-columns: 1fr; }
  .choice p { padding-left: 1rem; }
}
`
