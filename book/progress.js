// Reads the learner's progress.json anew while the list is in view, and mends its marks.
{
  const box = document.currentScript.closest("[data-progress]");
  const items = [...box.querySelectorAll("[data-exercise]")];
  const states = { "✓": "solved", "…": "tried", "·": "untouched" };

  const show = (kept) => {
    for (const item of items) {
      const news = kept[item.dataset.exercise] ?? {};
      item.querySelector("[data-mark]").textContent = news.solved ? "✓" : news.tries ? "…" : "·";
    }
    for (const chapter of box.querySelectorAll("[data-chapter]")) {
      const own = [...chapter.querySelectorAll("[data-mark]")];
      const done = own.filter((mark) => mark.textContent === "✓").length;
      chapter.querySelector("[data-done]").textContent = `${done} of ${own.length} solved`;
      chapter.querySelector("[data-bar]").style.width = `${(100 * done) / own.length}%`;
    }
    const first = (state) =>
      items.find((item) => states[item.querySelector("[data-mark]").textContent] === state);
    const next = first("tried") ?? first("untouched");
    const line = box.querySelector("[data-next]");
    if (!next) return line.replaceChildren(box.dataset.finished);
    const state = states[next.querySelector("[data-mark]").textContent];
    const chapter = next.closest("[data-chapter]");
    const why = state === "tried" ? box.dataset.tried : chapter.dataset.why;
    const original = next.querySelector("a");
    const link = original.cloneNode(true);
    link.onclick = (event) => {
      event.preventDefault();
      original.click(); // only this one does JupyterLab open in a tab of its own
      follow(original);
    };
    line.replaceChildren("Next: ", link, ` in ${chapter.dataset.chapter}. ${why}`);
  };

  // A notebook that JupyterLab has just opened stands at its top: once it covers this list, and its
  // cells are laid out, the link is followed again and leads to the exercise.
  const follow = (link) => {
    let waited = 0;
    const timer = setInterval(() => {
      waited += 1;
      const covered = box.offsetParent === null || !box.checkVisibility();
      if (!covered && waited < 60) return;
      clearInterval(timer);
      if (covered) setTimeout(() => link.click(), 1000);
    }, 250);
  };
  for (const item of items) {
    const link = item.querySelector("a");
    link.addEventListener("click", (event) => event.isTrusted && follow(link));
  }

  const look = async () => {
    try {
      const reply = await fetch(box.querySelector("[data-kept]").href, { cache: "no-store" });
      if (reply.ok) show(await reply.json());
    } catch {
      // Not in JupyterLab, or the file is being mended: what is shown stays.
    }
  };

  let timer;
  new IntersectionObserver(([seen]) => {
    clearInterval(timer);
    if (!seen.isIntersecting) return;
    look();
    timer = setInterval(look, 2000);
  }).observe(box);
}
