// Draws the figures when they come near the screen, in the colours of the theme, and switches series on and off.
'use strict';
(() => {
  const source = document.getElementById('figure-data');
  const specs = source ? JSON.parse(source.textContent) : {};
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let printing = false;

  const colors = () => getComputedStyle(printing ? document.getElementById('light-theme') : document.documentElement);

  // A copy of a specification in which "@name" is the theme's colour of that name.
  function themed(value, style) {
    if (Array.isArray(value)) return value.map(entry => themed(entry, style));
    if (value === null || typeof value !== 'object') return value;
    const copy = {};
    for (const [key, entry] of Object.entries(value)) {
      copy[key] = key === 'color' && typeof entry === 'string' && entry[0] === '@' ? style.getPropertyValue('--' + entry.slice(1)).trim() : themed(entry, style);
    }
    return copy;
  }

  // Tick texts that would touch the one before them are left out.
  function thinned(axis, width) {
    if (!axis.tickvals || !axis.range) return axis;
    const scale = width / (axis.range[1] - axis.range[0]);
    const values = [], texts = [];
    let end = -Infinity;
    axis.tickvals.forEach((value, i) => {
      const middle = value * scale, half = axis.ticktext[i].length * 3.8 + 3;
      if (middle - half < end) return;
      values.push(value);
      texts.push(axis.ticktext[i]);
      end = middle + half;
    });
    return { ...axis, tickvals: values, ticktext: texts };
  }

  const hiddenOf = plot => (plot.closest('.plots') ?? plot).hiddenSeries ??= new Set();

  function draw(plot) {
    const style = colors(), spec = themed(specs[plot.id], style), hidden = hiddenOf(plot);
    const text = style.getPropertyValue('--muted').trim(), grid = style.getPropertyValue('--grid').trim();
    const axis = { gridcolor: grid, linecolor: grid, zeroline: false, ticks: '', fixedrange: true, tickfont: { size: 12 } };
    const width = plot.clientWidth, layout = spec.layout, right = layout.annotations.length ? 50 : 14;
    if (!width) return;
    for (const trace of spec.data) trace.visible = !trace.meta.some(key => hidden.has(key));
    for (const shape of layout.shapes) shape.visible = !(shape.name ?? '').split('\n').some(key => hidden.has(key));
    Plotly.react(plot, spec.data, {
      ...layout,
      width, height: plot.clientHeight,
      margin: { l: 40, r: right, t: 14, b: 42 },
      xaxis: { ...axis, ...thinned(layout.xaxis, width - 40 - right), showgrid: false, title: { ...layout.xaxis.title, font: { size: 12.5 }, standoff: 6 } },
      yaxis: { ...axis, ...layout.yaxis, automargin: 'width' },
      font: { family: 'system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif', color: text, size: 12 },
      paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      showlegend: false, hovermode: 'closest', dragmode: false,
      hoverlabel: { align: 'left', font: { size: 12.5 } },
    }, { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false });
    // Printing scales the drawing to the paper.
    for (const svg of plot.querySelectorAll('.main-svg')) svg.setAttribute('viewBox', `0 0 ${width} ${plot.clientHeight}`);
    plot.style.setProperty('--ratio', width / plot.clientHeight);
    plot.drawnWidth = width;
  }

  const plots = [...document.querySelectorAll('.plot')].filter(plot => specs[plot.id]);
  const redraw = () => plots.filter(plot => plot.drawnWidth).forEach(draw);
  const near = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (!entry.isIntersecting || entry.target.drawnWidth) continue;
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: '600px' });
  const resized = new ResizeObserver(entries => {
    for (const { target } of entries) {
      if (!printing && target.drawnWidth && target.clientWidth && target.drawnWidth !== target.clientWidth) draw(target);
    }
  });
  for (const plot of plots) {
    near.observe(plot);
    resized.observe(plot);
  }

  dark.addEventListener('change', redraw);
  addEventListener('beforeprint', () => { printing = true; plots.forEach(draw); });
  addEventListener('afterprint', () => { printing = false; redraw(); });

  for (const button of document.querySelectorAll('.series')) {
    button.addEventListener('click', () => {
      const scope = button.closest('.plots'), shown = button.getAttribute('aria-pressed') === 'true';
      button.setAttribute('aria-pressed', String(!shown));
      const hidden = scope.hiddenSeries ??= new Set();
      if (shown) hidden.add(button.dataset.series); else hidden.delete(button.dataset.series);
      for (const plot of scope.querySelectorAll('.plot')) if (plot.drawnWidth) draw(plot);
    });
  }

  // The contents mark the section being read.
  const links = new Map([...document.querySelectorAll('nav a')].map(link => [link.hash.slice(1), link]));
  const reading = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute('aria-current');
      links.get(entry.target.id)?.setAttribute('aria-current', 'true');
    }
  }, { rootMargin: '-20% 0px -70% 0px' });
  for (const section of document.querySelectorAll('section[id]')) reading.observe(section);
})();
