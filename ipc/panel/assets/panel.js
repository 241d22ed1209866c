// Renews the list of connections while nobody works in it. The page is whole without this.
"use strict";
const live = document.getElementById("live");
if (live) {
  setInterval(async () => {
    if (document.hidden || live.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, {credentials: "same-origin", redirect: "error"});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const renewed = page.getElementById("live");
      if (answer.ok && renewed) live.replaceChildren(...renewed.childNodes);
    } catch (error) {
      // Not signed in any more, or licd is gone: the next click says so.
    }
  }, 5000);
}
