using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Evaluation;
using ResearchKit.Evaluation.Contamination;
using ResearchKit.Evaluation.Datasets;
using ResearchKit.Evaluation.Protocols;
using ResearchKit.Experiments;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk data contamination</c>: which test items stand in a training corpus, and what that does to a score.</summary>
internal static class ContaminationCommand
{
    public static Command Create(Option<bool> json, Option<string> device, Option<int> threads)
    {
        var task = Verb.TaskOption();
        var corpus = new Option<string>("--corpus") { Description = "Training text: a folder of .txt(.gz), one such file, .jsonl(.gz), a model folder of this kit (what it was trained on), or generated:N.", Required = true, HelpName = "PATH" };
        var n = new Option<int?>("--n") { Description = "Words of an n-gram; default the paper's rule (5th percentile of the lengths, 8 to 13; from 2 for the gpt3/ word tasks; generated tasks are looked for whole).", HelpName = "N" };
        var model = new Option<string?>("--model") { Description = "Also score this model over all, clean and dirty items.", HelpName = "DIR" };
        var protocol = ProtocolOptions.Protocol();
        var shots = new Option<int>("--shots", "-k") { Description = "Demonstrations for --model.", DefaultValueFactory = _ => 0 };
        var limit = new Option<int?>("--limit") { Description = "Look for at most this many test items, the same that `rk eval` takes.", HelpName = "N" };
        var seed = new Option<long>("--seed") { Description = "Seed of items and demonstrations.", DefaultValueFactory = _ => 1 };
        var show = new Option<int>("--show") { Description = "Print what was found of the first n dirty items.", DefaultValueFactory = _ => 3, HelpName = "N" };
        var folder = new Option<string?>("--data") { Description = $"Data folder; default the environment variable {DataFolder.Variable}.", HelpName = "DIR" };
        var command = new Command("contamination", """
            Looks for a task's test items in training text, exactly, as GPT-3's Appendix C does: an item is dirty when one of its N-grams of words stands in a document.

            Example:  rk data contamination --task suite/sentiment --corpus results/models/gpt2-mini
                      rk data contamination --task lambada --corpus books/ --model gpt2 --protocol gpt2-paper
            """) { task, corpus, n, model, protocol, shots, limit, seed, show, folder, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(limit) is < 1) throw new ConfigException($"--limit ({parsed.GetValue(limit)}) must be at least 1.");
            if (parsed.GetValue(n) is < 1) throw new ConfigException($"--n ({parsed.GetValue(n)}) must be at least 1.");
            if (parsed.GetValue(shots) < 0) throw new ConfigException($"--shots ({parsed.GetValue(shots)}) must be 0 or more.");
            var loaded = TaskCatalog.Get(parsed.GetRequiredValue(task), parsed.GetValue(folder));
            if (parsed.GetValue(protocol) is not (null or TaskProtocols.OwnName)) loaded = loaded.OverPublishedSet();
            var applied = TaskProtocols.Get(loaded, parsed.GetValue(protocol) ?? TaskProtocols.OwnName).ApplyTo(loaded);
            var splits = applied.Load();
            splits = splits.WithTest(Evaluator.SelectItems(applied, splits, new EvaluationOptions { Seed = parsed.GetValue(seed), Limit = parsed.GetValue(limit) }));
            var options = ContaminationOptions.For(applied.Name) with { GramLength = parsed.GetValue(n) };
            ContaminationReport report;
            using (var line = new ProgressLine())
            {
                report = ContaminationAnalysis.Run(ContaminationExamples.Of(applied, splits.Test), Counted(TrainingText.Open(parsed.GetRequiredValue(corpus)), line), options, cancellation);
            }

            var scores = parsed.GetValue(model) is not { } name ? null
                : Score(name, RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads)), applied, splits, new EvaluationOptions { Shots = parsed.GetValue(shots), Seed = parsed.GetValue(seed) }, report, cancellation);
            if (parsed.GetValue(json))
            {
                Verb.PrintJson(new
                {
                    task = applied.Name, corpus = parsed.GetValue(corpus), report.GramLength, examples = report.Examples.Count, report.DirtyCount, report.CleanCount, report.ShortCount, report.DocumentCount, report.CorpusWordCount,
                    scores, ContaminationExamples.Assumptions, dirty = report.Examples.Where(example => example.IsDirty),
                });
                return Task.FromResult(0);
            }

            Print(applied.Name, report, scores, parsed.GetValue(show));
            return Task.FromResult(0);
        });
        return command;
    }

    private static ContaminationScores Score(
        string model, ComputeDevice device, Evaluation.Tasks.EvaluationTask task, Evaluation.Tasks.TaskSplits splits, EvaluationOptions options, ContaminationReport report, CancellationToken cancellation)
    {
        using var loaded = ModelFolder.Load(model);
        var tokenizer = loaded.RequireTokenizer();
        device.MoveHere(loaded.Model);
        using var languageModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
        var result = Evaluator.Run(languageModel, tokenizer, task, splits, options, null, cancellation);
        return ContaminationScores.Of(report, result.Items, result.Metric);
    }

    private static IEnumerable<CorpusText> Counted(IEnumerable<CorpusText> corpus, ProgressLine line)
    {
        var count = 0;
        foreach (var document in corpus)
        {
            line.Show(Invariant($"{++count:N0} documents, {document.Name}"));
            yield return document;
        }
    }

    private static void Print(string task, ContaminationReport report, ContaminationScores? scores, int show)
    {
        static string Share(int count, int of) => Invariant($"{count:N0} ({100.0 * count / of:0.0}%)");
        Console.WriteLine(Invariant($"{task}: {report.Examples.Count:N0} test items against {report.DocumentCount:N0} documents of {report.CorpusWordCount:N0} words, {(report.GramLength == 0 ? "whole items" : $"N = {report.GramLength}")}"));
        Console.WriteLine($"  dirty  {Share(report.DirtyCount, report.Examples.Count)}: an N-gram stands in a document");
        Console.WriteLine($"  clean  {Share(report.CleanCount, report.Examples.Count)}" + (report.ShortCount > 0 ? Invariant($", of them {report.ShortCount:N0} shorter than N words") : ""));
        if (scores is not null)
        {
            static string Value(double? value) => value is { } number ? number.ToString("0.0000", CultureInfo.InvariantCulture) : "-";
            var relative = scores.RelativeDifference is { } difference ? Invariant($"{100 * difference:+0.0;-0.0;0.0}%") : "-";
            Console.WriteLine($"  {scores.Metric}: all {Value(scores.All)}, dirty {Value(scores.Dirty)}, clean {Value(scores.Clean)}; clean against all {relative}");
        }

        foreach (var example in report.Examples.Where(example => example.IsDirty).Take(show))
        {
            Console.WriteLine($"  {example.Id}");
            foreach (var span in example.Spans) Console.WriteLine($"    \"{span.Text.Replace("\n", "\\n", StringComparison.Ordinal)}\"  in {span.Document}, character {span.DocumentStart.ToString(CultureInfo.InvariantCulture)}");
        }

        if (report.DirtyCount > show) Console.WriteLine(Invariant($"  and {report.DirtyCount - show:N0} more (--show N, or --json for all)"));
        foreach (var assumption in ContaminationExamples.Assumptions) Console.WriteLine("  assumed: " + assumption);
    }
}
