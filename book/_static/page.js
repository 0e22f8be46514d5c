// A box that scrolls sideways can be reached with the keyboard; one that does not is no tab stop.
const boxes = document.querySelectorAll(".katex-display, .math.notranslate, pre, .pst-scrollable-table-container");

function markScrollable() {
  for (const box of boxes) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

addEventListener("load", markScrollable);
addEventListener("resize", markScrollable);
document.addEventListener("toggle", markScrollable, true);
