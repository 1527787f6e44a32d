// The style of the pages. No colour carries a meaning alone; every text has a contrast of 4.5:1 and more on
// its background in both schemes.
#pragma once

namespace farshore {

inline constexpr char kStyle[] = R"css(
:root { color-scheme: light dark;
  --back: #ffffff; --text: #1b1f24; --soft: #4a525c; --line: #8a939e; --link: #0b4f9e; --panel: #f3f5f7;
  --calm: #0a5a2a; --calm-back: #e4f4e9; --work: #5a3d00; --work-back: #fdf1d3; --person: #8a0f16;
  --person-back: #fde8e8; }
@media (prefers-color-scheme: dark) { :root {
  --back: #14181d; --text: #e8ecf0; --soft: #b4bdc7; --line: #76808b; --link: #8ec2ff; --panel: #1e242b;
  --calm: #8fe0ab; --calm-back: #10301c; --work: #f5d38a; --work-back: #3a2c08; --person: #ffb3b3;
  --person-back: #451417; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 1rem/1.45 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 70rem; margin: 0 auto; padding: 0.5rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; align-items: center; justify-content: space-between;
  border-bottom: 1px solid var(--line); }
header p, header form, header ul { margin: 0; padding: 0; }
header ul { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; }
.brand { font-weight: 700; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 0.5rem; top: 0.5rem; background: var(--back); padding: 0.5rem; }
h1 { font-size: 1.5rem; margin: 0.75rem 0; }
h2 { font-size: 1.3rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.25rem 0 0.5rem; }
p { margin: 0.4rem 0; }
.small { color: var(--soft); font-size: 0.9rem; }
.states { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.75rem; }
.state { border: 1px solid; border-left-width: 0.5rem; padding: 0.5rem 1rem; border-radius: 0.25rem; }
.state a { color: inherit; }
.state strong { letter-spacing: 0.02em; }
.calm { color: var(--calm); background: var(--calm-back); }
.work { color: var(--work); background: var(--work-back); }
.person { color: var(--person); background: var(--person-back); }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 700; padding: 0.25rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; min-width: 4rem; }
td .small, th .small { display: block; font-weight: 400; }
.name { white-space: nowrap; }
.figure, time { font-variant-numeric: tabular-nums; }
.steps { list-style-position: outside; padding-left: 2rem; }
.steps li { border-left: 4px solid var(--line); padding: 0.1rem 0.75rem; margin: 0.25rem 0; }
.steps p { margin: 0.1rem 0; }
.steps .done { border-color: var(--calm); }
.steps .now { border-color: var(--work); background: var(--work-back); }
.steps .failed { border-color: var(--person); background: var(--person-back); }
.word { border: 1px solid var(--line); border-radius: 0.25rem; padding: 0 0.4rem; font-size: 0.9rem; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 0.25rem; padding: 0.75rem 1rem;
  margin: 0.75rem 0; }
.panel h3 { margin-top: 0; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.25rem 1rem; margin: 0.5rem 0; }
dt { font-weight: 700; }
dd { margin: 0; }
label { display: block; font-weight: 700; margin: 0.5rem 0 0.25rem; }
label.check { font-weight: 400; }
input:not([type=checkbox]) { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--soft);
  border-radius: 0.25rem; padding: 0.5rem; width: 100%; max-width: 28rem; }
input[type=checkbox] { width: 1.25rem; height: 1.25rem; vertical-align: middle; margin: 0 0.5rem 0 0; }
button, a.button { display: inline-block; font: inherit; font-weight: 700; color: var(--back); background: var(--link);
  border: 1px solid var(--link); border-radius: 0.25rem; padding: 0.45rem 1rem; margin: 0.4rem 0; min-height: 2.75rem;
  text-decoration: none; cursor: pointer; }
.state a.button { color: var(--back); }
button.quiet { color: var(--link); background: transparent; }
header button { padding: 0.2rem 0.75rem; margin: 0; min-height: 2rem; }
@media (max-width: 40rem) { td, th { padding-right: 0.5rem; font-size: 0.9rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.5rem; } }
)css";

}  // namespace farshore
