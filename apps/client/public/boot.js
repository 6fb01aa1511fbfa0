/*
 * Runs before the first paint and before any module. A classic script on purpose: it must not wait for the bundle.
 * 1. Some webviews report a language that Intl refuses ("C" under a bare POSIX locale) and would then throw while
 *    modules load, which leaves a blank window. Such a language is replaced by en-US.
 * 2. The chosen theme is put on the document, so that nothing flashes.
 */
(function () {
  'use strict';
  function usable(tag) {
    try {
      return Intl.getCanonicalLocales(tag).length === 1;
    } catch (_) {
      return false;
    }
  }
  if (!usable(navigator.language)) {
    var known = (navigator.languages || []).filter(usable);
    if (known.length === 0) known = ['en-US'];
    Object.defineProperty(Navigator.prototype, 'language', {
      configurable: true,
      get: function () {
        return known[0];
      },
    });
    Object.defineProperty(Navigator.prototype, 'languages', {
      configurable: true,
      get: function () {
        return known;
      },
    });
  }

  var chosen = null;
  try {
    chosen = localStorage.getItem('skerry.theme');
  } catch (_) {
    // Storage may be switched off; the system's theme is used.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  var bar = document.querySelector('meta[name="theme-color"]');
  if (bar) bar.setAttribute('content', dark ? '#0E0F12' : '#E8E6E1');
})();
