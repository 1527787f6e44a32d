// Keeps the status page up to date: fetches it again and replaces the parts that changed, so that focus,
// reading position and what is selected stay. Without JavaScript the page says the same; a meta refresh
// renews it.
#pragma once

namespace farshore {

inline constexpr char kScript[] = R"js(
(function () {
  'use strict';
  const main = document.getElementById('main');
  const stale = document.getElementById('stale');
  let answered = Date.now();
  let over = false;  // the page that came last is not one that changes by itself

  function say(text) {
    if (stale.textContent !== text) stale.textContent = text;
    stale.hidden = text === '';
  }
  function partsOf(root) { return Array.from(root.querySelectorAll('[data-part]')); }
  function namesOf(parts) { return parts.map(function (part) { return part.dataset.part; }).join(); }

  // What a reader did to the page is no part of what the server says.
  function carryOver(from, to) {
    from.querySelectorAll('details[open][id]').forEach(function (open) {
      const same = to.querySelector('#' + CSS.escape(open.id));
      if (same) same.open = true;
    });
  }
  function isSelected(part) {
    const selection = getSelection();
    return !selection.isCollapsed && selection.containsNode(part, true);
  }
  function replaceContent(old, next) {
    carryOver(old, next);
    if (old.innerHTML === next.innerHTML || isSelected(old)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : '';
    const scrolled = Array.from(old.querySelectorAll('.scroll')).map(function (box) { return [box.id, box.scrollLeft]; });
    old.replaceChildren.apply(old, Array.from(next.childNodes));
    scrolled.forEach(function (at) { const box = document.getElementById(at[0]); if (box) box.scrollLeft = at[1]; });
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus({preventScroll: true});
  }
  function show(page) {
    const next = page.getElementById('main');
    if (!next || page.body.hasAttribute('data-signed-out')) {
      say('You are signed out, and what stands below is old. Load the page again to sign in.');
      return;
    }
    over = !page.body.hasAttribute('data-refreshes');
    const before = partsOf(main), after = partsOf(next);
    if (namesOf(before) === namesOf(after)) before.forEach(function (part, i) { replaceContent(part, after[i]); });
    else replaceContent(main, next);
    document.title = page.title;
    answered = Date.now();
    say('');
  }
  function renew() {
    if (document.hidden) { setTimeout(renew, 2000); return; }
    fetch(location.pathname, {cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(5000)})
      .then(function (answer) { return answer.text(); })
      .then(function (text) { show(new DOMParser().parseFromString(text, 'text/html')); })
      .catch(function () {
        const seconds = Math.round((Date.now() - answered) / 1000);
        if (seconds >= 8) say('NOT UP TO DATE: the actuator does not answer. What stands below is old.');
      })
      .finally(function () { if (!over) setTimeout(renew, 2000); });
  }
  setTimeout(renew, 2000);
})();
)js";

}  // namespace farshore
