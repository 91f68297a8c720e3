using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Tokenization;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Tasks;
using ResearchKit.Experiments.Cells;
using ResearchKit.Experiments.Configuration;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Experiments;

/// <summary>Reads a comparison's models and tasks and lists every cell. Computes and writes nothing.</summary>
/// <param name="config">The experiment.</param>
/// <param name="baseFolder">Folder that the experiment's relative paths start from.</param>
/// <param name="device">Device and threads: cells of others are not those of this plan.</param>
/// <param name="warnings">Is added what could not be used or done as asked.</param>
internal sealed class ComparisonPlanner(ComparisonConfig config, string baseFolder, ComputeDevice device, List<string> warnings)
{
    /// <summary>Reads models and tasks and lists every cell, without computing any.</summary>
    /// <exception cref="ConfigException">A model folder, task or data set is missing or broken.</exception>
    public ComparisonPlan Plan()
    {
        var problems = new List<string>();
        var tasks = ReadAll("tasks", config.Tasks, reference => TaskCatalog.Ready(reference, config.Seed, baseFolder), problems);
        var models = ReadAll("models", config.Models, path => ModelHeader.Read(ModelFolder.Locate(path, baseFolder)), problems);
        problems.AddRange(Misfits(tasks, models));
        if (problems.Count > 0) throw new ConfigException($"experiment {config.Name}", problems);

        var store = new CellStore(Path.Combine(config.RunFolder, "cells"), warnings.Add);
        var tokenizers = models.Select(model => TokenizerFolder.Load(Path.GetFullPath(model.Folder))).ToList();
        if (config.InContext is not null) tasks = tasks.ConvertAll(task => WithoutItemsThatDoNotFit(task, models, tokenizers));
        var cost = new CellCost();
        List<PlannedCell> cells =
        [
            .. from model in Enumerable.Range(0, models.Count)
               from task in tasks
               from cell in InContext(model, task, (protocol, shots) => cost.InContext(protocol, shots, models[model], tokenizers[model]))
                   .Concat(FineTuning(model, task, (examples, recipe) => cost.FineTuning(task, examples, recipe, config.FineTuning!.ValidationLimit, models[model], tokenizers[model])))
               select cell,
        ];
        var addresses = new CellAddresses(config, device, models);
        var missing = cells.Where(cell => !addresses.IsStored(cell, store)).ToList();
        if (missing.Count > 0) warnings.AddRange(UnusedCells.Reasons(Path.Combine(config.RunFolder, "cells"), cells.Select(addresses.Of).ToHashSet(StringComparer.Ordinal), addresses.Environment));
        return new ComparisonPlan(models, tasks, cells, store, missing, [.. warnings.Distinct()]);
    }

    /// <summary>What of the experiment does not go together, as sentences.</summary>
    private IEnumerable<string> Misfits(List<ReadyTask> tasks, List<ModelHeader> models) =>
    [
        .. models.GroupBy(model => model.Name, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(repeated => $"`models`: {repeated.Count()} model folders are named \"{repeated.Key}\"; rename all but one folder, since results are told apart by that name."),
        .. from recipe in config.FineTuning?.Recipes ?? new Dictionary<string, FineTuneRecipe>()
           from model in models
           where recipe.Value.LayersTransferred > model.Config.LayerCount
           select $"`fine_tuning.recipes.{recipe.Key}.layers_transferred` ({recipe.Value.LayersTransferred}) must be at most {model.Config.LayerCount}, the layers of {model.Name}.",
        .. from task in config.InContext is null ? [] : tasks
           from run in task.OtherProtocols.Prepend(task)
           let longest = (run.Task.Scoring as GenerationScoring)?.MaxNewTokenCount
           from model in models
           where longest >= model.Config.ContextLength
           select $"Task {run.Task.Name}: answers of up to {longest} tokens, but {model.Name} has a context of {model.Config.ContextLength}; allowed are 1 to {model.Config.ContextLength - 1}.",
    ];

    /// <summary>The k-shot cells of a model and a task: every protocol, then other orders and wordings under the first.</summary>
    private IEnumerable<PlannedCell> InContext(int model, ReadyTask task, Func<ReadyTask, int, long> cost)
    {
        if (config.InContext is not { } inContext) return [];
        if (inContext.ShotsOf(task) is [0] && (task.Shots ?? inContext.Shots).Any(shots => shots > 0)) warnings.Add($"{task.Task.Name}: its scoring of whole texts shows no demonstrations, so it is scored once, as 0-shot.");
        var compared = from protocol in ((ReadyTask[])[task, .. task.OtherProtocols]).Index()
                       from shots in inContext.ShotsOf(task, protocol.Item)
                       from seed in shots == 0 ? inContext.Seeds.Take(1) : inContext.Seeds
                       select new PlannedInContext(model, task, shots, seed, cost(protocol.Item, shots)) { ProtocolIndex = protocol.Index };
        return compared.Concat(Variations(inContext, model, task, shots => cost(task, shots)));
    }

    /// <summary>The fine-tunings of a model on a task.</summary>
    private IEnumerable<PlannedCell> FineTuning(int model, ReadyTask task, Func<int, FineTuneRecipe, long> cost)
    {
        if (config.FineTuning is not { } fineTuning || !task.FineTune) return [];
        if (task.Splits.Train.Count < fineTuning.Examples.Max()) warnings.Add($"{task.Task.Name} has {task.Splits.Train.Count} training items; fine-tuning on more is left out.");
        return from examples in fineTuning.Examples.Where(n => n <= task.Splits.Train.Count)
               from recipe in fineTuning.Recipes
               from seed in fineTuning.Seeds
               select new PlannedFineTuning(model, task, examples, recipe.Key, seed, cost(examples, recipe.Value));
    }

    /// <summary>A task without the items that some model could not score under some protocol: all conditions are compared on the same items.</summary>
    private ReadyTask WithoutItemsThatDoNotFit(ReadyTask task, List<ModelHeader> models, List<ITokenizer> tokenizers)
    {
        var shortest = models.Min(model => model.Config.ContextLength);
        var misfits = models.Zip(tokenizers).DistinctBy(pair => (pair.First.TokenizerFingerprint, pair.First.Config.ContextLength))
            .SelectMany(pair => ((ReadyTask[])[task, .. task.OtherProtocols]).SelectMany(each => Evaluator.ItemsThatDoNotFit(each.Task, each.Splits, pair.Second, pair.First.Config.ContextLength)))
            .Distinct(StringComparer.Ordinal).ToList();
        if (misfits.Count == 0) return task;
        var which = $"{string.Join(", ", misfits.Take(3))}{(misfits.Count > 3 ? $" and {misfits.Count - 3} more" : "")}";
        if (config.InContext!.Overflow == OverflowPolicy.Error || misfits.Count == task.Splits.Test.Count)
        {
            throw new ConfigException($"Task {task.Task.Name}, {which}: an answer is longer than the context of {shortest} tokens, so it can't be scored; list the items to score in `tasks[].items`, or take models with a longer context{(misfits.Count < task.Splits.Test.Count ? ", or another `in_context.overflow`, which leaves such items out" : "")}.");
        }

        warnings.Add($"{task.Task.Name}: {which} left out of every condition, because an answer is longer than the context of {shortest} tokens.");
        return task.Without(misfits);
    }

    /// <summary>Reads every entry of a list; what cannot be read becomes a problem with its place, so that all are reported together.</summary>
    private static List<TResult> ReadAll<T, TResult>(string key, IReadOnlyList<T> entries, Func<T, TResult> read, List<string> problems)
    {
        var results = new List<TResult>();
        for (var i = 0; i < entries.Count; i++)
        {
            try
            {
                results.Add(read(entries[i]));
            }
            catch (ConfigException error)
            {
                problems.Add($"`{key}[{i}]`: {error.Message}");
            }
        }

        return results;
    }

    /// <summary>Every draw in other orders, and in other wordings: one change at a time from the cell that the comparison itself has.</summary>
    private static IEnumerable<PlannedInContext> Variations(InContextConfig inContext, int model, ReadyTask task, Func<int, long> cost)
    {
        if (inContext.Variation is not { } variation) yield break;
        foreach (var shots in variation.ShotsOf(inContext.ShotsOf(task)))
        {
            foreach (var seed in inContext.Seeds)
            {
                for (var order = 1; order < (shots > 1 ? variation.Orders : 1); order++) yield return new PlannedInContext(model, task, shots, seed, cost(shots)) { Order = order };
                for (var wording = 1; wording <= task.Wordings.Count; wording++) yield return new PlannedInContext(model, task, shots, seed, cost(shots)) { Wording = wording };
            }
        }
    }
}

/// <summary>What a comparison will do.</summary>
/// <param name="Models">Models in the file's order.</param>
/// <param name="Tasks">Tasks in the file's order.</param>
/// <param name="Cells">All cells.</param>
/// <param name="Store">Where they are kept.</param>
/// <param name="Missing">Those still to compute.</param>
/// <param name="Warnings">What could not be used or done as asked.</param>
public sealed record ComparisonPlan(IReadOnlyList<ModelHeader> Models, IReadOnlyList<ReadyTask> Tasks, IReadOnlyList<PlannedCell> Cells, CellStore Store, IReadOnlyList<PlannedCell> Missing, IReadOnlyList<string> Warnings);
