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
