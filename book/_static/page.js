// A box that scrolls sideways can be reached with the keyboard; one that does not is no tab stop.
// Only boxes near the screen are measured: to measure one is to lay out the section that it is in.
const boxes = document.querySelectorAll(
  ".katex-display, .math.notranslate, pre, .cell_output > .output, .pst-scrollable-table-container",
);

const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

const places = new IntersectionObserver(
  (changes) => {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) sizes.observe(target);
      else sizes.unobserve(target);
    }
  },
  { rootMargin: "100%" },
);

for (const box of boxes) places.observe(box);

// A section away from the screen is laid out when the browser has nothing else to do, from the top
// on, one at a time: then the scroll bar is right, and what one searches or jumps to is there.
// A phone, which has no scroll bar and a slower processor, is spared it.
const rest = [...document.querySelectorAll(".bd-article > section > *")].filter(
  (part) => getComputedStyle(part).contentVisibility === "auto",
);
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 100));

function layOutNext() {
  rest.shift()?.style.setProperty("content-visibility", "visible");
  if (rest.length) whenIdle(layOutNext);
}

if (matchMedia("(min-width: 960px)").matches) whenIdle(layOutNext);
