using ResearchKit.Core.Configuration;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Tasks;

namespace ResearchKit.Experiments.Configuration;

/// <summary>The kit's main experiment: the same models on the same items, fine-tuned and from the prompt.</summary>
public sealed record ComparisonConfig : ExperimentConfig
{
    /// <summary>Model folders, relative to the experiment file.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Tasks; every model sees the same items of each.</summary>
    public required IReadOnlyList<TaskReference> Tasks { get; init; }

    /// <summary>Zero-, one- and few-shot evaluation; absent for fine-tuning only.</summary>
    public InContextConfig? InContext { get; init; }

    /// <summary>Fine-tuning; absent for in-context evaluation only.</summary>
    public FineTuningConfig? FineTuning { get; init; }

    /// <summary>Confidence level of all intervals, (0, 1). Default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        foreach (var problem in base.Problems()) yield return problem;
        if (Models.Count == 0) yield return "`models` is empty: name at least one model folder, such as \"../results/models/gpt2-mini\".";
        if (Tasks.Count == 0) yield return "`tasks` is empty: name at least one, such as {\"name\": \"suite/label-induction\"}; `rk task list` shows all.";
        foreach (var repeated in Tasks.GroupBy(task => task.Name, StringComparer.Ordinal).Where(group => group.Count() > 1)) yield return $"`tasks` names \"{repeated.Key}\" {repeated.Count()} times.";
        if (InContext is null && FineTuning is null) yield return "Both `in_context` and `fine_tuning` are absent: nothing would run.";
        foreach (var problem in InContext?.Problems() ?? []) yield return problem;
        foreach (var problem in FineTuning?.Problems() ?? []) yield return problem;
        for (var i = 0; i < Tasks.Count; i++)
        {
            foreach (var problem in Tasks[i].Problems($"tasks[{i}]", InContext)) yield return problem;
        }

        if (!(Confidence > 0 && Confidence < 1)) yield return $"`confidence` ({Confidence}) must lie between 0 and 1, such as 0.95.";
    }
}

/// <summary>A task of the comparison.</summary>
public sealed record TaskReference
{
    /// <summary>Name in the registry (<c>rk task list</c>), or with <see cref="File"/> the name to give.</summary>
    public required string Name { get; init; }

    /// <summary>Your own task's declarative file, relative to the experiment file.</summary>
    public string? File { get; init; }

    /// <summary>Score at most this many test items (the same for every model and regime), chosen by the experiment's seed. Default all.</summary>
    public int? Limit { get; init; }

    /// <summary>Score exactly these test items, by id, in the order of the data. Default all, or as many as <see cref="Limit"/> says.</summary>
    public IReadOnlyList<string> Items { get; init; } = [];

    /// <summary>Numbers of demonstrations k of this task, where those of <c>in_context.shots</c> do not fit its prompts. Default those.</summary>
    public IReadOnlyList<int>? Shots { get; init; }

    /// <summary>Runs the task from the prompt as papers or lm-evaluation-harness do: <c>gpt1-paper</c>, <c>gpt2-paper</c>, <c>gpt3-paper</c>, <c>lm-eval</c>, and <c>kit</c> for the kit's own words; each is scored on the same items. Default the kit's own words alone.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [];

    /// <summary>Readings of points that a protocol's source leaves open, by name (<c>rk task show NAME --protocol P</c> lists them). Default the protocol's.</summary>
    public IReadOnlyDictionary<string, string>? Assume { get; init; }

    /// <summary>Replaces the task's prompt.</summary>
    public PromptTemplate? Prompt { get; init; }

    /// <summary>Other wordings of the prompt, scored only for the split of variance (<c>in_context.variation</c>). Default none.</summary>
    public IReadOnlyList<PromptTemplate> Wordings { get; init; } = [];

    /// <summary>Whether to fine-tune on this task. Default true where the task has structured inputs.</summary>
    public bool FineTune { get; init; } = true;

    internal IEnumerable<string> Problems(string where, InContextConfig? inContext)
    {
        if (Wordings.Count > 0 && inContext?.Variation is null) yield return $"`{where}.wordings` has {Wordings.Count} wordings, but `in_context.variation` is absent, so they would never be scored; add `\"variation\": {{}}` to `in_context`.";
        if (File is null && Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) yield return $"`{where}.name` (\"{Name}\") is a file; write {{\"name\": \"{Path.GetFileNameWithoutExtension(Name)}\", \"file\": \"{Name}\"}}.";
        if (Protocols.Count > 0 && Prompt is not null) yield return $"`{where}` has `protocols` and `prompt`; a protocol brings its own words, so leave one of them out.";
        if (Protocols.Distinct(StringComparer.Ordinal).Count() != Protocols.Count) yield return $"`{where}.protocols` ([{string.Join(", ", Protocols)}]) names one twice.";
        if (Protocols.Count == 0 && Assume is not null) yield return $"`{where}.assume` needs `protocols`: it chooses among the readings of a protocol.";
        if (Limit is < 1) yield return $"`{where}.limit` ({Limit}) must be at least 1, or absent for all items.";
        if (Items.Count > 0 && Limit is not null) yield return $"`{where}` has `items` and `limit`; `items` names the items itself, so leave one of them out.";
        if (Items.Distinct(StringComparer.Ordinal).Count() != Items.Count) yield return $"`{where}.items` names an id twice.";
        if (Shots is { } shots && inContext is null) yield return $"`{where}.shots` needs `in_context`.";
        else if (Shots is { } own && !InContextConfig.AreShots(own)) yield return $"`{where}.shots` ([{string.Join(", ", own)}]) must be different whole numbers from 0 up.";
    }
}

/// <summary>Evaluation from the prompt alone.</summary>
public sealed record InContextConfig
{
    /// <summary>Numbers of demonstrations k. Default 0, 1, 4, 16.</summary>
    public IReadOnlyList<int> Shots { get; init; } = [0, 1, 4, 16];

    /// <summary>Seeds of the demonstration draws. k = 0 has no draw and runs once.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>What to do with a prompt longer than the context. Default reduce_shots.</summary>
    public OverflowPolicy Overflow { get; init; } = OverflowPolicy.ReduceShots;

    /// <summary>Half-width of a few-shot score's interval that is wanted, in the unit of item scores, (0, 1); the report says how many draws reach it. Default 0.05.</summary>
    public double HalfWidth { get; init; } = 0.05;

    /// <summary>Extra cells that show how much order and wording of the demonstrations matter; absent (default) for none.</summary>
    public VariationConfig? Variation { get; init; }

    internal IEnumerable<string> Problems()
    {
        if (!AreShots(Shots)) yield return $"`in_context.shots` ([{string.Join(", ", Shots)}]) must be different whole numbers from 0 up.";
        if (Seeds.Count == 0 || Seeds.Distinct().Count() != Seeds.Count) yield return $"`in_context.seeds` ([{string.Join(", ", Seeds)}]) must be different numbers, at least one.";
        if (!(HalfWidth > 0 && HalfWidth < 1)) yield return $"`in_context.half_width` ({HalfWidth}) must lie between 0 and 1, such as 0.05.";
        foreach (var problem in Variation?.Problems(Shots) ?? []) yield return problem;
    }

    /// <summary>Numbers of demonstrations of a task under one of its protocols: its own, or those of all; scorings of whole texts show none.</summary>
    internal IReadOnlyList<int> ShotsOf(ReadyTask task, ReadyTask? protocol = null) =>
        (protocol ?? task).Task.Scoring is PerplexityScoring or ThresholdScoring ? [0] : task.Shots ?? Shots;

    internal static bool AreShots(IReadOnlyList<int> shots) => shots.Count > 0 && shots.All(k => k >= 0) && shots.Distinct().Count() == shots.Count;
}

/// <summary>The design of the split of few-shot variance: every draw again in other orders and, where the tasks name some, in other wordings.</summary>
public sealed record VariationConfig
{
    /// <summary>Numbers of demonstrations to vary; each must be among <c>in_context.shots</c> and above 0. Default the largest alone.</summary>
    public IReadOnlyList<int> Shots { get; init; } = [];

    /// <summary>Orders of every draw, the order as drawn included, at least 1. Default 2. With one demonstration there is only one.</summary>
    public int Orders { get; init; } = 2;

    internal IEnumerable<string> Problems(IReadOnlyList<int> allShots)
    {
        if (Shots.Any(k => k < 1 || !allShots.Contains(k)) || Shots.Distinct().Count() != Shots.Count) yield return $"`in_context.variation.shots` ([{string.Join(", ", Shots)}]) must be different numbers above 0 from `in_context.shots` ([{string.Join(", ", allShots)}]).";
        if (allShots.All(k => k < 1)) yield return "`in_context.variation` needs demonstrations to vary, but `in_context.shots` has no number above 0.";
        if (Orders < 1) yield return $"`in_context.variation.orders` ({Orders}) must be at least 1.";
    }

    /// <summary>The numbers of demonstrations of a task that are varied: those of <see cref="Shots"/> that it is scored with.</summary>
    /// <param name="taskShots">Numbers of demonstrations of the task.</param>
    internal IReadOnlyList<int> ShotsOf(IReadOnlyList<int> taskShots) => [.. (Shots.Count > 0 ? Shots : [taskShots.Max()]).Where(k => k > 0 && taskShots.Contains(k))];
}

/// <summary>Fine-tuning by GPT-1's method on growing numbers of labelled examples.</summary>
public sealed record FineTuningConfig
{
    /// <summary>Numbers of labelled training examples, each a prefix of the next. Default 16, 64, 256.</summary>
    public IReadOnlyList<int> Examples { get; init; } = [16, 64, 256];

    /// <summary>Seeds of the examples drawn, the new parameters and the batch order.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Score at most this many validation items after every epoch, chosen by the experiment's seed; they choose the best epoch. Default all.</summary>
    public int? ValidationLimit { get; init; }

    /// <summary>Named recipes, such as <c>"gpt1": {}</c> for the paper's and <c>"no-lm": {"lambda": 0}</c>. Default the paper's alone.</summary>
    public IReadOnlyDictionary<string, FineTuneRecipe> Recipes { get; init; } = new Dictionary<string, FineTuneRecipe> { ["gpt1"] = new() };

    internal IEnumerable<string> Problems()
    {
        if (Examples.Count == 0 || Examples.Any(n => n < 1) || Examples.Distinct().Count() != Examples.Count) yield return $"`fine_tuning.examples` ([{string.Join(", ", Examples)}]) must be different whole numbers from 1 up.";
        if (Seeds.Count == 0 || Seeds.Distinct().Count() != Seeds.Count) yield return $"`fine_tuning.seeds` ([{string.Join(", ", Seeds)}]) must be different numbers, at least one.";
        if (ValidationLimit is < 1) yield return $"`fine_tuning.validation_limit` ({ValidationLimit}) must be at least 1, or absent for all items.";
        if (Recipes.Count == 0) yield return "`fine_tuning.recipes` is empty: name at least one, such as {\"gpt1\": {}}.";
        foreach (var problem in Recipes.SelectMany(recipe => recipe.Value.Problems($"fine_tuning.recipes.{recipe.Key}."))) yield return problem;
    }
}
