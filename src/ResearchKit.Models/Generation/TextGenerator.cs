using ResearchKit.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Continues many prompts at once: one batched prefill, then one token of every live text per pass through the cache.</summary>
internal sealed class TextGenerator
{
    // Rows times positions of one batch: bounds the activations of the prefill and the cache.
    private const int PositionBudget = 8192;
    private const int MaxRows = 64;

    private readonly Gpt _model;
    private readonly int _contextLength;

    public TextGenerator(Gpt model)
    {
        (_model, _contextLength) = (model, model.Config.ContextLength);
    }

    /// <summary>Continues every request; results stand at the requests' places. The caller sets eval and inference mode.</summary>
    public GeneratedText[] Generate(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellation)
    {
        var results = new GeneratedText[requests.Count];
        var waiting = new Queue<Decoding>(requests
            .Select((request, index) => Decoding.Of(request, FirstWindow(request, index), index))
            .OrderBy(decoding => decoding.Prompt.Length));
        while (waiting.Count > 0)
        {
            var batch = new List<Decoding>();
            var (rows, capacity) = (0, 0);
            while (waiting.TryPeek(out var next) && (batch.Count == 0 || (rows + next.Width <= MaxRows && (rows + next.Width) * Math.Max(capacity, CapacityFor(next)) <= PositionBudget)))
            {
                rows += next.Width;
                capacity = Math.Max(capacity, CapacityFor(next));
                batch.Add(waiting.Dequeue());
            }

            Continue(batch, cancellation);
            foreach (var decoding in batch)
            {
                var (tokens, logProbability) = decoding.Result;
                var prompt = decoding.Request.Prompt.Length;
                var seen = Math.Min(decoding.Prompt.Length + Math.Max(tokens.Length - 1, 0), _contextLength) - Math.Max(tokens.Length - 1, 0);
                results[decoding.Index] = new GeneratedText(tokens, logProbability, prompt - Math.Max(seen, 0));
            }
        }

        return results;
    }

    private int CapacityFor(Decoding decoding) => (int)Math.Min(_contextLength, (long)decoding.Prompt.Length + decoding.Request.Options.MaxNewTokenCount);

    private void Continue(List<Decoding> batch, CancellationToken cancellation)
    {
        var capacity = batch.Max(CapacityFor);
        var cache = new KeyValueCache(_model, batch.Count, capacity);
        try
        {
            Prefill(batch, cache);
            if (batch.Any(decoding => decoding.Width > 1)) Replace(ref cache, cache.Branch(batch.SelectMany((decoding, row) => Enumerable.Repeat(row, decoding.Width)).ToArray(), capacity));
            var firstRows = new int[batch.Count];
            for (var i = 1; i < batch.Count; i++) firstRows[i] = firstRows[i - 1] + batch[i - 1].Width;
            var commonLength = batch.Min(decoding => decoding.Prompt.Length);
            while (batch.Any(decoding => decoding.Live.Count > 0))
            {
                cancellation.ThrowIfCancellationRequested();
                DropFinished(ref batch, ref firstRows, ref cache);
                var parents = Enumerable.Range(0, cache.RowCount).ToArray();
                for (var i = 0; i < batch.Count; i++)
                {
                    for (var j = 0; j < batch[i].Live.Count; j++) parents[firstRows[i] + j] = firstRows[i] + batch[i].Parents[j];
                }

                cache.Reorder(parents, commonLength);
                Step(batch, firstRows, cache);
            }
        }
        finally
        {
            cache.Dispose();
        }
    }

    private void Prefill(List<Decoding> batch, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var counts = batch.Select(decoding => decoding.Prompt.Length).ToArray();
        var hidden = _model.Hidden(Pad(batch.ConvertAll(decoding => decoding.Prompt)), cache, counts);             // [B, T, C]
        var output = new StepOutput(_model.Logits(LastOf(hidden, counts)));
        for (var i = 0; i < batch.Count; i++) batch[i].Advance(output, [i]);
    }

    /// <summary>One token for every live text: through the cache where it still fits n_ctx, by a full pass over the last n_ctx ids where it does not.</summary>
    private void Step(List<Decoding> batch, int[] firstRows, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var tokens = new long[cache.RowCount];
        var counts = new int[cache.RowCount];
        var outputRows = batch.ConvertAll(decoding => new int[decoding.Live.Count]);
        var cachedRows = new List<long>();
        var windows = new List<(int[] Ids, int Decoding, int Text)>();
        for (var i = 0; i < batch.Count; i++)
        {
            for (var j = 0; j < batch[i].Live.Count; j++)
            {
                var text = batch[i].Live[j];
                var length = batch[i].Prompt.Length + text.Count;
                if (length > _contextLength)
                {
                    windows.Add(([.. batch[i].Prompt.Concat(text).Skip(length - _contextLength)], i, j));
                    continue;
                }

                var row = firstRows[i] + j;
                (tokens[row], counts[row]) = (text[^1], 1);
                outputRows[i][j] = cachedRows.Count;
                cachedRows.Add(row);
            }
        }

        for (var w = 0; w < windows.Count; w++) outputRows[windows[w].Decoding][windows[w].Text] = cachedRows.Count + w;
        var states = new List<Tensor>();
        if (cachedRows.Count > 0)
        {
            var hidden = _model.Hidden(tensor(tokens, cache.RowCount, 1, device: _model.Device), cache, counts).squeeze(1);   // [rows, C]
            states.Add(cachedRows.Count == cache.RowCount ? hidden : hidden.index_select(0, tensor(cachedRows.ToArray(), device: _model.Device)));
        }

        foreach (var part in windows.Chunk(Math.Max(1, PositionBudget / _contextLength)))
        {
            var hidden = _model.Hidden(Pad([.. part.Select(window => window.Ids)]));                                // [n, n_ctx, C]
            states.Add(hidden.select(1, hidden.size(1) - 1));
        }

        var output = new StepOutput(_model.Logits(states.Count == 1 ? states[0] : cat(states, 0)));
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Live.Count > 0) batch[i].Advance(output, outputRows[i]);
        }
    }

    /// <summary>Gives rows of finished requests back once they are half of the batch.</summary>
    private static void DropFinished(ref List<Decoding> batch, ref int[] firstRows, ref KeyValueCache cache)
    {
        var live = batch.Where(decoding => decoding.Live.Count > 0).ToList();
        if (live.Sum(decoding => decoding.Width) * 2 > cache.RowCount) return;
        var rows = new List<int>();
        var first = new List<int>();
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Live.Count == 0) continue;
            first.Add(rows.Count);
            rows.AddRange(Enumerable.Range(firstRows[i], batch[i].Width));
        }

        Replace(ref cache, cache.Branch(rows.ToArray(), cache.Capacity));
        (batch, firstRows) = (live, [.. first]);
    }

    private static void Replace(ref KeyValueCache cache, KeyValueCache next)
    {
        cache.Dispose();
        cache = next;
    }

    /// <summary>[n, T] Int64, padded on the right.</summary>
    private Tensor Pad(List<int[]> rows)
    {
        var T = rows.Max(row => row.Length);
        var ids = new long[rows.Count * T];
        for (var i = 0; i < rows.Count; i++)
        {
            for (var t = 0; t < rows[i].Length; t++) ids[i * T + t] = rows[i][t];
        }

        return tensor(ids, rows.Count, T, device: _model.Device);
    }

    /// <summary>State of each row's last real token: [n, T, C] to [n, C].</summary>
    private Tensor LastOf(Tensor hidden, int[] counts)
    {
        var last = counts.Select((count, row) => row * hidden.size(1) + count - 1).ToArray();
        return hidden.reshape(-1, hidden.size(2)).index_select(0, tensor(last, device: _model.Device));
    }

    private int[] FirstWindow(GenerationRequest request, int index)
    {
        var (prompt, options) = (request.Prompt, request.Options);
        void Require(bool valid, string problem)
        {
            if (!valid) throw new ArgumentException($"Request {index}: {problem}", nameof(request));
        }

        Require(prompt.Length > 0, "the prompt is empty; put the end-of-text id there.");
        Require(options.MaxNewTokenCount >= 1, $"MaxNewTokenCount ({options.MaxNewTokenCount}) must be at least 1.");
        Require(options.TopP is > 0 and <= 1, $"TopP ({options.TopP}) must lie in (0, 1]; 1 keeps all tokens.");
        Require(options.TopK >= 0, $"TopK ({options.TopK}) must be at least 0; 0 keeps all tokens.");
        Require(options.Temperature >= 0, $"Temperature ({options.Temperature}) must be at least 0; 0 is greedy.");
        Require(options.BeamWidth >= 1, $"BeamWidth ({options.BeamWidth}) must be at least 1.");
        Require(options.BeamWidth == 1 || options.Temperature == 0, $"Beam search (width {options.BeamWidth}) does not sample; set Temperature ({options.Temperature}) to 0.");
        Require(double.IsFinite(options.LengthPenalty), $"LengthPenalty ({options.LengthPenalty}) must be a finite number.");
        foreach (var id in prompt) Require(id >= 0 && id < _model.Config.VocabularySize, $"id {id} lies outside [0, {_model.Config.VocabularySize}).");
        foreach (var id in options.SuppressedTokens) Require(id >= 0 && id < _model.Config.VocabularySize, $"suppressed id {id} lies outside [0, {_model.Config.VocabularySize}).");
        Require(options.SuppressedTokens.Count < _model.Config.VocabularySize, "every token is suppressed.");
        var room = options.Overflow == ContextOverflow.Slide ? _contextLength : _contextLength - options.MaxNewTokenCount;
        Require(room >= 1, $"MaxNewTokenCount ({options.MaxNewTokenCount}) leaves no room for a prompt in n_ctx ({_contextLength}); ask for fewer tokens or let the context slide.");
        return prompt.Length <= room ? prompt : prompt[^room..];
    }
}
