// Filter, collapse and deep links. The page is complete without it.
(function () {
  "use strict";
  var form = document.querySelector(".filter");
  var input = document.getElementById("filter");
  var severity = document.getElementById("severity");
  var status = document.getElementById("filter-status");
  var folds = Array.from(document.querySelectorAll("details"));
  var rows = Array.from(document.querySelectorAll("[data-row]")).map(function (element) {
    var rule = element.closest("[data-rule]");
    return {
      element: element,
      text: (element.textContent + (rule ? " " + rule.firstElementChild.textContent : "")).toLowerCase(),
      severity: element.dataset.severity || "",
      card: element.closest("[data-card]")
    };
  });
  var cards = Array.from(document.querySelectorAll("[data-card]")).map(function (element) {
    return { element: element, text: element.querySelector("summary").textContent.toLowerCase() };
  });
  var groups = Array.from(document.querySelectorAll("main section, [data-group], [data-rule]"));
  var before = null;

  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });

  function matches(text, terms) {
    return terms.every(function (term) { return text.indexOf(term) >= 0; });
  }

  function apply() {
    var terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    var level = severity.value;
    var active = terms.length > 0 || level !== "";
    if (active && before === null) {
      before = folds.map(function (fold) { return fold.open; });
    }
    var shown = 0;
    var hits = new Set();
    var whole = new Set(cards.filter(function (card) {
      return terms.length > 0 && level === "" && matches(card.text, terms);
    }).map(function (card) { return card.element; }));
    rows.forEach(function (row) {
      var visible = !active || whole.has(row.card)
        || (matches(row.text, terms) && (level === "" || row.severity === level));
      row.element.hidden = !visible;
      if (visible) {
        shown += 1;
        if (row.card) { hits.add(row.card); }
      }
    });
    cards.forEach(function (card) {
      card.element.hidden = active && !whole.has(card.element) && !hits.has(card.element);
    });
    groups.forEach(function (group) {
      group.hidden = active && group.querySelector("[data-row]:not([hidden]), [data-card]:not([hidden])") === null;
    });
    folds.forEach(function (fold, index) {
      if (active) {
        fold.open = fold.querySelector("[data-row]:not([hidden])") !== null;
      } else if (before !== null) {
        fold.open = before[index];
      }
    });
    if (!active) { before = null; }
    status.textContent = active ? shown.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " rows" : "";
  }

  var waiting = 0;
  input.addEventListener("input", function () {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  severity.addEventListener("change", apply);
  form.addEventListener("click", function (event) {
    var wanted = event.target.dataset.all;
    if (wanted) {
      folds.forEach(function (fold) { fold.open = wanted === "open"; });
    }
  });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && event.target === input && input.value !== "") {
      input.value = "";
      apply();
    }
  });

  function reveal() {
    if (before !== null) {
      input.value = "";
      severity.value = "";
      apply();
    }
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    var panel = target.closest(".panel-own, .panel-other");
    if (panel) {
      document.querySelectorAll(".edition-switch input")[panel.classList.contains("panel-own") ? 0 : 1].checked = true;
    }
    for (var fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();

  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = folds.filter(function (fold) { return !fold.open; });
    closed.forEach(function (fold) { fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (fold) { fold.open = false; });
  });
})();
