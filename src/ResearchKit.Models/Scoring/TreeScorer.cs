using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Scores texts as a prefix tree: what texts share is encoded once, in the same row where that is short and through a cache where it is long.</summary>
/// <remarks>
/// The main path is <see cref="Process"/>: small trees become rows of a batch, whole, branches side by side under a mask (<see cref="TreePass"/>);
/// a run that saves much is read into a <see cref="KeyValueCache"/> and everything below is processed behind it.
/// </remarks>
internal sealed class TreeScorer
{
    private readonly Gpt _model;
    private readonly PrefixTree _tree;
    private readonly List<int>[] _requestsOfText;
    private readonly IReadOnlyList<ScoredText> _requests;
    private readonly ScoringOptions _options;
    private readonly int _tokenBudget;
    private readonly double[][] _logProbabilities;
    private readonly bool[] _isGreedy;
    private readonly CancellationToken _cancellation;

    private TreeScorer(Gpt model, IReadOnlyList<ScoredText> requests, ScoringOptions options, CancellationToken cancellation)
    {
        (_model, _requests, _options, _cancellation) = (model, requests, options, cancellation);
        _tokenBudget = options.BatchInvariant ? 1 : options.TokenBudget;                // a single text always goes
        if (options.ShareContexts && !options.BatchInvariant) (_tree, _requestsOfText) = Share(requests);
        else
        {
            _tree = PrefixTree.Apart([.. requests.Select(request => request.Input)]);
            _requestsOfText = [.. requests.Select((_, index) => new List<int> { index })];
        }

        _logProbabilities = [.. requests.Select(request => new double[request.Continuation.Length])];
        _isGreedy = new bool[requests.Count];
        Array.Fill(_isGreedy, true);
    }

    /// <summary>Tokens encoded, without padding.</summary>
    public long TokensEncoded { get; private set; }

    /// <summary>Forward passes.</summary>
    public long PassCount { get; private set; }

    /// <summary>Log-probability of every continuation token, for each request.</summary>
    public IReadOnlyList<double[]> LogProbabilities => _logProbabilities;

    /// <summary>Whether all continuation tokens are the most likely ones, for each request.</summary>
    public IReadOnlyList<bool> IsGreedy => _isGreedy;

    /// <summary>Scores requests. The caller sets eval and inference mode.</summary>
    public static TreeScorer Score(Gpt model, IReadOnlyList<ScoredText> requests, ScoringOptions options, CancellationToken cancellation)
    {
        var scorer = new TreeScorer(model, requests, options, cancellation);
        scorer.Process(scorer._tree.Roots, null);
        return scorer;
    }

    /// <summary>The tree of the different inputs, and who asked for each. Single-token continuations of one context have equal inputs.</summary>
    private static (PrefixTree Tree, List<int>[] RequestsOfText) Share(IReadOnlyList<ScoredText> requests)
    {
        var order = Enumerable.Range(0, requests.Count).ToArray();
        Array.Sort(order, (a, b) => PrefixTree.Compare(requests[a].Input, requests[b].Input) is var compared and not 0 ? compared : a.CompareTo(b));
        var texts = new List<int[]>();
        var requestsOfText = new List<List<int>>();
        foreach (var request in order)
        {
            if (texts.Count == 0 || PrefixTree.Compare(texts[^1], requests[request].Input) != 0)
            {
                texts.Add(requests[request].Input);
                requestsOfText.Add([]);
            }

            requestsOfText[^1].Add(request);
        }

        return (PrefixTree.Of([.. texts]), [.. requestsOfText]);
    }

    /// <summary>Scores trees that all continue what the cache holds.</summary>
    private void Process(List<PrefixNode> trees, KeyValueCache? cache)
    {
        var rows = new List<TreeRow>();
        var opened = new List<List<PrefixNode>>();
        Collect(trees, [], rows, opened);
        RunRows(rows, cache);
        foreach (var path in opened)
        {
            using var longer = Extend(cache, path);
            Process(path[^1].Children, longer);
        }
    }

    /// <summary>Decides for every tree: a row of its own, a cached prefix, or (too large for one row, too little to save) several rows that repeat its beginning.</summary>
    /// <param name="trees">Sibling trees.</param>
    /// <param name="stem">Runs before them that are not in the cache and that every row repeats.</param>
    /// <param name="rows">Collects rows.</param>
    /// <param name="opened">Collects paths to read into a cache.</param>
    private void Collect(List<PrefixNode> trees, List<PrefixNode> stem, List<TreeRow> rows, List<List<PrefixNode>> opened)
    {
        var limit = _model.Config.ContextLength + _options.MinTokensBelow;
        var stemLength = stem.Sum(node => node.Length);
        TreeRow? shared = null;                                          // siblings behind a stem share rows
        foreach (var tree in trees)
        {
            var saved = (long)(tree.Children.Count - 1) * (stemLength + tree.Length);
            if (saved >= _options.MinTokensSaved && tree.TokenCount - tree.Length >= _options.MinTokensBelow) opened.Add([.. stem, tree]);
            else if (stemLength + tree.TokenCount <= limit)
            {
                // Repeating the stem costs its tokens, a long row costs attention between strangers: four stems' length balances the two.
                if (shared is null || shared.Length + tree.TokenCount > Math.Min(limit, 4 * stemLength))
                {
                    shared = new TreeRow();
                    foreach (var node in stem) shared.Add(node, shared.Segments.Count - 1);
                    rows.Add(shared);
                }

                shared.AddTree(tree, stem.Count - 1);
            }
            else Collect(tree.Children, [.. stem, tree], rows, opened);
        }
    }

    private KeyValueCache Extend(KeyValueCache? cache, List<PrefixNode> path)
    {
        _cancellation.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var row = new TreeRow();
        foreach (var node in path) row.Add(node, row.Segments.Count - 1);
        var end = path[^1].End;
        var longer = cache is null ? new KeyValueCache(_model, 1, end) : cache.Branch([0], end);
        var hidden = _model.Hidden(Tokens([row], row.Length), longer);                  // [1, T, C]
        ScoreStates([row], row.Length, hidden);
        return longer;
    }

    private void RunRows(List<TreeRow> rows, KeyValueCache? cache)
    {
        var ordered = rows.OrderByDescending(row => row.Length).ThenBy(row => row.Segments[0].Node.Lo).ToList();
        if (cache is null)
        {
            RunBatches(ordered.Where(row => row.IsOneText), null);
            RunBatches(ordered.Where(row => !row.IsOneText), null);
            return;
        }

        var packed = new List<TreeRow>();
        foreach (var row in ordered)
        {
            // First fit, longest first; only the last few rows can have room.
            var home = packed.TakeLast(8).FirstOrDefault(other => other.Length + row.Length <= _options.RowLengthBehindCache);
            if (home is null) packed.Add(row);
            else home.Append(row);
        }

        RunBatches(packed.OrderByDescending(row => row.Length), cache);
    }

    private void RunBatches(IEnumerable<TreeRow> rows, KeyValueCache? cache)
    {
        var ordered = rows.ToList();
        foreach (var (start, end) in BatchPlan.Of([.. ordered.Select(row => row.Length)], _tokenBudget)) RunBatch(ordered[start..end], cache);
    }

    private void RunBatch(List<TreeRow> rows, KeyValueCache? cache)
    {
        _cancellation.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var T = rows[0].Length;
        // Right padding under a causal mask: padding stands after everything that is scored, so it cannot be seen.
        var pass = cache is null && rows.All(row => row.IsOneText) ? (AttentionPass)WholeTextPass.Instance : new TreePass(_model, cache, rows, T);
        ScoreStates(rows, T, _model.Hidden(Tokens(rows, T), pass, null));               // [B, T, C]
    }

    private Tensor Tokens(IReadOnlyList<TreeRow> rows, int T)
    {
        var tokens = new long[rows.Count * T];
        for (var b = 0; b < rows.Count; b++)
        {
            foreach (var (node, _, column) in rows[b].Segments)
            {
                var ids = _tree.Texts[node.Lo].AsSpan(node.Start, node.Length);
                for (var t = 0; t < ids.Length; t++) tokens[b * T + column + t] = ids[t];
            }
        }

        return tensor(tokens, rows.Count, T, device: _model.Device);
    }

    /// <summary>Projects the states that some request needs, each once, and hands the scores out.</summary>
    private void ScoreStates(IReadOnlyList<TreeRow> rows, int T, Tensor hidden)
    {
        PassCount++;
        var queries = new List<(int Position, int Request, int Index)>();
        for (var b = 0; b < rows.Count; b++)
        {
            TokensEncoded += rows[b].Length;
            foreach (var (node, _, column) in rows[b].Segments)
            {
                if (node.IsScored) continue;
                node.IsScored = true;
                for (var text = node.Lo; text < node.Hi; text++)
                {
                    var length = _tree.Texts[text].Length;
                    foreach (var request in _requestsOfText[text])
                    {
                        var first = length - _requests[request].Continuation.Length;    // position of the state that scores token 0
                        for (var p = Math.Max(node.Start, first); p < node.End; p++) queries.Add((b * T + column + p - node.Start, request, p - first));
                    }
                }
            }
        }

        if (queries.Count == 0) return;
        queries.Sort();
        var positions = new List<long>();
        var (rowOf, targets) = (new int[queries.Count], new int[queries.Count]);
        for (var i = 0; i < queries.Count; i++)
        {
            var (position, request, index) = queries[i];
            if (i == 0 || position != queries[i - 1].Position) positions.Add(position);
            (rowOf[i], targets[i]) = (positions.Count - 1, _requests[request].Continuation[index]);
        }

        var states = hidden.reshape(-1, hidden.size(2)).index_select(0, tensor(positions.ToArray(), device: _model.Device));   // [N, C]
        var (logProbabilities, isArgMax) = (new double[queries.Count], new bool[queries.Count]);
        LogitScorer.Score(_model, states, rowOf, targets, logProbabilities, isArgMax);
        for (var i = 0; i < queries.Count; i++)
        {
            var (_, request, index) = queries[i];
            _logProbabilities[request][index] = logProbabilities[i];
            _isGreedy[request] &= isArgMax[i];
        }
    }
}
