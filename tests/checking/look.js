// What a browser makes of each numbered element: for test_cascade_in_chromium.py.
() => {
  const channels = (said) => { const [r, g, b, a = 1] = said.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, below, a = top[3]) => [0, 1, 2].map((i) => a * top[i] + (1 - a) * below[i]);
  const probe = document.documentElement.appendChild(document.createElement("i"));
  probe.style.backgroundColor = "Canvas";
  const canvas = channels(getComputedStyle(probe).backgroundColor);
  probe.remove();
  return [...document.body.querySelectorAll("[data-number]")].map((element) => {
    const chain = [];
    for (let one = element; one; one = one.parentElement) chain.unshift(getComputedStyle(one));
    const veils = [];
    let ground = canvas;
    for (const style of chain) {
      if (Number(style.opacity) < 1) veils.unshift([Number(style.opacity), ground]);
      ground = over(channels(style.backgroundColor), ground);
    }
    const style = getComputedStyle(element);
    const seen = (colour) => veils.reduce((below, [opacity, behind]) => over(below, behind, opacity), colour);
    return {
      number: Number(element.dataset.number), color: seen(over(channels(style.color), ground)), background: seen(ground),
      size: parseFloat(style.fontSize), weight: Number(style.fontWeight), height: style.lineHeight === "normal" ? null : parseFloat(style.lineHeight),
      shown: element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}),
    };
  });
}
