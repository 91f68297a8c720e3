using ResearchKit.Core;

namespace ResearchKit.Models;

/// <summary>One request while it is being continued: which texts it still extends, and when it is done. Knows nothing of tensors.</summary>
internal abstract class Decoding
{
    protected Decoding(GenerationRequest request, int[] prompt, int index)
    {
        (Request, Prompt, Index) = (request, prompt, index);
    }

    public GenerationRequest Request { get; }

    /// <summary>Place of the request.</summary>
    public int Index { get; }

    /// <summary>Prompt as the model first sees it.</summary>
    public int[] Prompt { get; }

    /// <summary>New tokens of each live text; text i stands in the i-th of the request's rows.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Live { get; protected set; } = [];

    /// <summary>For each live text, which of the texts before the last step it continues.</summary>
    public IReadOnlyList<int> Parents { get; protected set; } = [];

    /// <summary>Rows that the request may need.</summary>
    public abstract int Width { get; }

    /// <summary>Best text so far; complete when nothing is live.</summary>
    public abstract (int[] Tokens, double LogProbability) Result { get; }

    /// <summary>Takes the scores that follow each live text (before the first call: the prompt, in row 0).</summary>
    /// <param name="output">Scores of one step.</param>
    /// <param name="rows">Row of the output for each live text.</param>
    public abstract void Advance(StepOutput output, IReadOnlyList<int> rows);

    public static Decoding Of(GenerationRequest request, int[] prompt, int index) =>
        request.Options.BeamWidth > 1 ? new BeamSearch(request, prompt, index) : new SingleText(request, prompt, index);
}

/// <summary>Greedy decoding or sampling: one text.</summary>
internal sealed class SingleText(GenerationRequest request, int[] prompt, int index) : Decoding(request, prompt, index)
{
    private readonly List<int> _tokens = [];
    private double _logProbability;

    public override int Width => 1;

    public override (int[] Tokens, double LogProbability) Result => ([.. _tokens], _logProbability);

    public override void Advance(StepOutput output, IReadOnlyList<int> rows)
    {
        var options = Request.Options;
        Live = [];
        int token;
        double logProbability;
        if (options.Temperature <= 0 && options.SuppressedTokens.Count == 0) (token, logProbability) = output.Best(rows[0]);
        else
        {
            var logits = output.Logits(rows[0]);
            foreach (var suppressed in options.SuppressedTokens) logits[suppressed] = float.NegativeInfinity;
            token = TokenSampler.Choose(logits, options, _tokens.Count);
            logProbability = output.LogProbability(rows[0], token);
        }

        if (options.StopTokens.Contains(token)) return;
        _tokens.Add(token);
        _logProbability += logProbability;
        if (_tokens.Count >= options.MaxNewTokenCount || Request.Stop?.Invoke(_tokens) == true) return;
        (Live, Parents) = ([_tokens], [0]);
    }
}

/// <summary>Beam search by Σ log P / length^α. Ends when no live text can still beat the best finished one.</summary>
/// <remarks>Brown et al. 2020 §2.4 (width 4, α = 0.6); the papers do not say what length counts: here the new tokens and the stop token.</remarks>
internal sealed class BeamSearch(GenerationRequest request, int[] prompt, int index) : Decoding(request, prompt, index)
{
    private List<Hypothesis> _live = [new([], 0)];
    private (Hypothesis Text, double Score)? _best;

    public override int Width => Request.Options.BeamWidth;

    public override (int[] Tokens, double LogProbability) Result => _best is { } best ? (best.Text.Tokens, best.Text.LogProbability) : ([], 0);

    public override void Advance(StepOutput output, IReadOnlyList<int> rows)
    {
        var options = Request.Options;
        // A stop token or a suppressed one cannot fill a beam, so each adds one candidate.
        var candidates = _live
            .SelectMany((text, parent) => output.Top(rows[parent], Width + options.StopTokens.Count + options.SuppressedTokens.Count)
                .Where(next => !options.SuppressedTokens.Contains(next.Token))
                .Select(next => (Parent: parent, next.Token, Score: text.LogProbability + next.LogProbability)))
            .OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Parent).ThenBy(candidate => candidate.Token).ToList();

        var live = new List<Hypothesis>();
        var parents = new List<int>();
        foreach (var (parent, token, score) in candidates)
        {
            if (live.Count == Width) break;
            var before = _live[parent];
            if (options.StopTokens.Contains(token))
            {
                Finish(before, score, before.Tokens.Length + 1);
                continue;
            }

            var text = new Hypothesis([.. before.Tokens, token], score);
            if (text.Tokens.Length >= options.MaxNewTokenCount || Request.Stop?.Invoke(text.Tokens) == true) Finish(text, score, text.Tokens.Length);
            else
            {
                live.Add(text);
                parents.Add(parent);
            }
        }

        // Log-probabilities only fall, so dividing by the longest possible length bounds what a live text can reach.
        var bound = live.Count == 0 ? double.NegativeInfinity : live[0].LogProbability / Math.Pow(options.MaxNewTokenCount + 1.0, Math.Max(options.LengthPenalty, 0));
        if (_best is { } best && best.Score >= bound) (live, parents) = ([], []);
        _live = live;
        Live = live.ConvertAll(text => (IReadOnlyList<int>)text.Tokens);
        Parents = parents;
    }

    private void Finish(Hypothesis text, double logProbabilityWithStop, int length)
    {
        var score = logProbabilityWithStop / Math.Pow(length, Request.Options.LengthPenalty);
        if (_best is null || score > _best.Value.Score) _best = (text, score);
    }

    private sealed record Hypothesis(int[] Tokens, double LogProbability);
}
