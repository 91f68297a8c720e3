// The item explorer: filters thousands of items and keeps only the visible rows in the document.
'use strict';
(() => {
  const RowHeight = 56, Margin = 6;
  const $ = id => document.getElementById(id);
  const list = $('x-list'), pane = $('x-item');
  let data, shown = [], chosen = -1;

  const Shows = {
    all: () => true,
    ab: (a, b) => a >= 0.5 && b < 0.5,
    ba: (a, b) => a < 0.5 && b >= 0.5,
    both: (a, b) => a >= 0.5 && b >= 0.5,
    neither: (a, b) => a < 0.5 && b < 0.5,
  };

  function element(name, className, text, ...children) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = text;
    node.append(...children);
    return node;
  }

  const string = index => data.strings[index];
  const number = (value, decimals) => value === null ? '−∞' : value.toFixed(decimals).replace('-', '−');
  const count = value => value.toLocaleString('en-US');

  function load() {
    data = JSON.parse($('item-data').textContent);
    data.items = data.items.map(([task, id, text, choices, gold, answers, place, predictions]) =>
      ({ task, id, text, choices, gold, answers, place, predictions: new Map(predictions.map(prediction => [prediction[0], prediction])) }));
    const used = [...new Set(data.items.map(item => item.task))].sort((a, b) => a - b);
    $('x-task').replaceChildren(...used.map(task => new Option(data.tasks[task].name, task)));
    for (const id of ['x-task', 'x-a', 'x-b', 'x-show']) $(id).addEventListener('change', () => { if (id === 'x-task') fillCells(); if (id !== 'x-show') fillShows(); filter(); });
    let waiting;
    $('x-search').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(filter, 80); });
    document.querySelector('.filters').addEventListener('submit', event => { event.preventDefault(); filter(); });
    list.addEventListener('scroll', () => requestAnimationFrame(rows));
    list.addEventListener('keydown', keys);
    list.addEventListener('click', event => {
      const row = event.target.closest('.row');
      if (row) choose(Number(row.dataset.at), true);
    });
    new ResizeObserver(rows).observe(list);
    fillCells();
    fillShows();
    filter();
  }

  // The cells of the task, grouped by model and regime.
  function fillCells() {
    const task = Number($('x-task').value);
    for (const [id, first] of [['x-a', data.tasks[task].a], ['x-b', data.tasks[task].b]]) {
      const groups = new Map();
      data.cells.forEach((cell, index) => {
        if (cell.task !== task) return;
        if (!groups.has(cell.series)) groups.set(cell.series, element('optgroup'));
        groups.get(cell.series).label = cell.series;
        groups.get(cell.series).append(new Option(`${cell.label}, seed ${cell.seed}`, index, false, index === first));
      });
      $(id).replaceChildren(...groups.values());
    }
  }

  function fillShows() {
    const [a, b] = ['x-a', 'x-b'].map(id => data.cells[$(id).value]);
    const differ = a && b && a.tuned !== b.tuned;
    const name = (cell, letter) => differ ? (cell.tuned ? 'fine-tuned' : cell.condition) : letter;
    const [nameA, nameB] = [name(a, 'A'), name(b, 'B')];
    const before = $('x-show').value || 'all';
    $('x-show').replaceChildren(...Object.entries({
      all: 'all items', ab: `${nameA} right, ${nameB} wrong`, ba: `${nameB} right, ${nameA} wrong`, both: 'both right', neither: 'both wrong',
    }).map(([value, text]) => new Option(text, value, false, value === before)));
  }

  function score(item, cell) {
    const prediction = item.predictions.get(cell);
    if (prediction) return prediction[1];
    const scores = data.cells[cell]?.items;
    if (!scores || item.place < 0 || item.place >= scores.length) return null;
    const value = scores[item.place];
    return value === '1' ? 1 : value === '0' ? 0 : value === '-' ? null : value;
  }

  const haystack = item => item.searched ??= [item.id, item.text, ...item.choices, ...item.answers, ...[...item.predictions.values()].map(prediction => prediction[3]).filter(answer => answer !== null)]
    .map(string).join('\n').toLowerCase();

  function filter() {
    const task = Number($('x-task').value), a = Number($('x-a').value), b = Number($('x-b').value);
    const show = $('x-show').value, words = $('x-search').value.toLowerCase().trim();
    const before = shown[chosen];
    let total = 0;
    shown = data.items.filter(item => {
      if (item.task !== task) return false;
      total++;
      if (show !== 'all') {
        const [scoreA, scoreB] = [score(item, a), score(item, b)];
        if (scoreA === null || scoreB === null || !Shows[show](scoreA, scoreB)) return false;
      }
      return !words || haystack(item).includes(words);
    });
    $('x-count').textContent = `${count(shown.length)} of ${count(total)} items`;
    list.scrollTop = 0;
    choose(Math.max(0, shown.indexOf(before)), false);
  }

  function mark(value, letter) {
    const node = element('span', value === null ? '' : value >= 0.5 ? 'right' : 'wrong', `${letter} ${value === null ? '–' : value >= 0.5 ? '✓' : '✗'}`);
    node.setAttribute('aria-label', `${letter} ${value === null ? 'not scored' : value >= 0.5 ? 'right' : 'wrong'}`);
    return node;
  }

  function rows() {
    const first = Math.max(0, Math.floor(list.scrollTop / RowHeight) - Margin);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / RowHeight) + Margin);
    const a = Number($('x-a').value), b = Number($('x-b').value);
    const spacer = element('div');
    spacer.style.height = `${shown.length * RowHeight}px`;
    spacer.setAttribute('role', 'presentation');
    for (let at = first; at < last; at++) {
      const item = shown[at], row = element('div', 'row');
      row.id = `x-row-${at}`;
      row.dataset.at = at;
      row.style.top = `${at * RowHeight}px`;
      row.setAttribute('role', 'option');
      row.setAttribute('aria-selected', at === chosen);
      row.setAttribute('aria-setsize', shown.length);
      row.setAttribute('aria-posinset', at + 1);
      row.append(
        element('div', 'id', null, element('span', '', string(item.id)), mark(score(item, a), 'A'), mark(score(item, b), 'B')),
        element('div', '', string(item.text).slice(0, 160).replace(/\s+/g, ' ')));
      spacer.append(row);
    }
    list.replaceChildren(spacer);
    if (chosen >= 0) list.setAttribute('aria-activedescendant', `x-row-${chosen}`); else list.removeAttribute('aria-activedescendant');
  }

  function choose(at, byHand) {
    chosen = shown.length ? Math.min(Math.max(at, 0), shown.length - 1) : -1;
    if (chosen >= 0) {
      const top = chosen * RowHeight;
      if (top < list.scrollTop) list.scrollTop = top;
      else if (top + RowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + RowHeight - list.clientHeight;
    }
    rows();
    detail();
    if (byHand) pane.scrollTop = 0;
  }

  function keys(event) {
    const page = Math.max(1, Math.floor(list.clientHeight / RowHeight) - 1);
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: chosen + page, PageUp: chosen - page, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to, true);
  }

  function detail() {
    if (chosen < 0) {
      pane.replaceChildren(element('p', '', 'No item matches. Search for less, or show all items.'));
      return;
    }
    const item = shown[chosen], heading = element('h3', '', string(item.id));
    for (const [name, step] of [['Previous', -1], ['Next', 1]]) {
      const button = element('button', '', name);
      button.type = 'button';
      button.disabled = chosen + step < 0 || chosen + step >= shown.length;
      button.addEventListener('click', () => choose(chosen + step, true));
      heading.append(button);
    }
    const gold = item.gold !== null ? string(item.choices[item.gold]).trim() : item.answers.map(string).join(' | ');
    const sides = element('div', 'sides', null, side(item, Number($('x-a').value), 'A'), side(item, Number($('x-b').value), 'B'));
    pane.replaceChildren(heading, element('div', 'own-text', string(item.text)), element('p', 'gold', null, 'Right answer: ', element('b', '', gold)), sides, fates(item));
  }

  function side(item, cell, letter) {
    const node = element('section', 'side', null, element('h4', '', `${letter}: ${data.cells[cell] ? `${data.cells[cell].label}, seed ${data.cells[cell].seed}` : 'no such result'}`));
    const value = data.cells[cell] ? score(item, cell) : null, prediction = item.predictions.get(cell);
    if (value === null) node.append(element('p', 'verdict', 'not scored'));
    else node.append(element('p', `verdict ${value >= 0.5 ? 'right' : 'wrong'}`, value === 1 ? '✓ right' : value === 0 ? '✗ wrong' : `score ${number(value, 3)}`));
    if (!prediction) {
      if (value !== null) node.append(element('p', 'count', 'Of this item only the score is kept here for this condition; the first items of a task have prompts and probabilities.'));
      return node;
    }
    const [, , predicted, answer, prompt, dropped, choices] = prediction;
    if (answer !== null) node.append(choice(string(answer), choices[0], true, false, 'answer'));
    else if (choices.length) item.choices.forEach((text, i) => node.append(choice(string(text), choices[i], i === predicted, i === item.gold, 'chosen')));
    else if (predicted !== null) node.append(choice(string(item.choices[predicted]), null, true, predicted === item.gold, 'chosen'));
    if (dropped) node.append(element('p', 'count', `${count(dropped)} prompt tokens did not fit and were cut from the left.`));
    if (prompt) {
      // The item itself stands behind the last empty line, or else the last line end; demonstrations before it are paler.
      const text = prompt.map(string).join(''), empty = text.lastIndexOf('\n\n'), own = empty < 0 ? text.lastIndexOf('\n') + 1 : empty + 2;
      const pre = element('pre', 'prompt', text.slice(0, own), element('b', '', text.slice(own)));
      pre.tabIndex = 0;
      node.append(element('details', '', null, element('summary', '', `Full prompt (${count(text.length)} characters)`), pre));
    }
    return node;
  }

  function choice(text, scored, isChosen, isGold, word) {
    const node = element('div', isChosen ? 'choice chosen' : 'choice'), line = element('div', 'line', null, element('span', 'name', text.trim() || '(empty)'));
    if (isChosen) line.append(element('span', 'tag', word));
    if (isGold) line.append(element('span', 'tag', 'right'));
    if (scored && scored[0] !== null) line.append(element('span', 'score', number(scored[0], 3)));
    node.append(line);
    if (scored && scored[0] !== null && scored[0] >= 0 && scored[0] <= 1) {
      const bar = element('i');
      bar.style.width = `${scored[0] * 100}%`;
      node.append(element('div', 'bar', null, bar));
    }
    if (scored?.[1].length) node.append(element('div', 'tokens', null, ...scored[1].map((token, i) => tokenOf(string(token), scored[2][i]))));
    return node;
  }

  // The less likely, the stronger the colour: 20% for every doubling of the surprise from 1 nat up.
  function tokenOf(text, logProbability) {
    const surprise = logProbability === null ? 99 : -logProbability;
    const node = element('span', 'token', text.replace(/ /g, '␣').replace(/\n/g, '⏎').replace(/\t/g, '⇥') || '∅', element('small', '', number(logProbability, 2)));
    node.style.setProperty('--p', `${Math.min(80, surprise <= 1 ? 20 * surprise : 20 + 20 * Math.log2(surprise)).toFixed(0)}%`);
    node.title = `log P = ${number(logProbability, 3)} nats, P = ${(100 * Math.exp(-surprise)).toPrecision(3)}%`;
    return node;
  }

  // How the item fared under every condition: one mark for each seed.
  function fates(item) {
    const series = new Map();
    data.cells.forEach((cell, index) => {
      if (cell.task !== item.task) return;
      const value = score(item, index);
      if (value === null) return;
      if (!series.has(cell.series)) series.set(cell.series, new Map());
      const conditions = series.get(cell.series);
      if (!conditions.has(cell.condition)) conditions.set(cell.condition, []);
      conditions.get(cell.condition).push(value);
    });
    const body = element('tbody');
    for (const [name, conditions] of series) {
      const head = element('th', '', name);
      head.scope = 'row';
      const row = element('tr', '', null, head);
      for (const [condition, values] of conditions) {
        row.append(element('td', '', `${condition.replace('fine-tuned on ', '')} `, ...values.map(value => {
          const node = element('span', value >= 0.5 ? 'right' : 'wrong', value >= 0.5 ? '✓' : '✗');
          node.setAttribute('aria-label', value >= 0.5 ? 'right' : 'wrong');
          return node;
        })));
      }
      body.append(row);
    }
    const scroll = element('div', 'scroll', null, element('table', '', null, body));
    scroll.tabIndex = 0;
    return element('details', 'fates', null, element('summary', '', 'This item under every condition, one mark for each seed'), scroll);
  }

  // Parsing waits until the explorer comes near the screen.
  const near = new IntersectionObserver(entries => {
    if (data || !entries.some(entry => entry.isIntersecting)) return;
    near.disconnect();
    load();
  }, { rootMargin: '800px' });
  near.observe(document.querySelector('.explorer'));
  addEventListener('beforeprint', () => { if (!data) load(); });
})();
