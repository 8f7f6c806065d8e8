// The bar after a decision: counts down until the platform is told. Undo itself is a plain form.

const bar = document.getElementById("undo");
const clock = bar?.querySelector("[data-seconds]");

if (clock) {
  const end = performance.now() + Number(clock.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      clock.textContent = String(left);
      setTimeout(tick, 250);
    } else {
      bar.classList.add("gone");
    }
  };
  tick();
}
