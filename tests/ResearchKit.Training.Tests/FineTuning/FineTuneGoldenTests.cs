using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;
using ResearchKit.Training.FineTuning;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.Tests.FineTuning;

/// <summary>The objective and its optimizer against OpenAI's released graph code and Hugging Face's double-heads model.</summary>
public sealed class FineTuneGoldenTests
{
    private const double LogitTolerance = 2e-5, LossTolerance = 1e-5, Lambda = 0.5;

    public static TheoryData<string> OriginalCases() => Cases("original_objective/x");

    public static TheoryData<string> ClassificationCases() => Cases("classification/x");

    public static TheoryData<string> DoubleHeadCases() => Cases("double_heads/input_ids");

    public static TheoryData<string> TrainingCases() => new(Golden.Cases("openai-gpt", "training.json"));

    private static TheoryData<string> Cases(string tensor) => new(Golden.Cases("openai-gpt", "expected.safetensors", tensor));

    [Theory, MemberData(nameof(OriginalCases))]
    public void TheOriginalObjectiveHasTheReleasedCodesValuesAndGradients(string name)
    {
        using var expected = Open(name, "expected");
        using var head = MultipleChoiceHead(name);
        Compare(name, expected, "original_objective", head);
    }

    [Theory, MemberData(nameof(ClassificationCases))]
    public void ClassificationHasTheReferencesValuesAndGradients(string name)
    {
        using var expected = Open(name, "expected");
        using var scope = NewDisposeScope();
        var weight = expected.ReadTensor("classification/clf_head.weight");
        using var head = Head(TaskKind.Classification, weight, expected.ReadTensor("classification/clf_head.bias"));
        Compare(name, expected, "classification", head);
    }

    [Theory, MemberData(nameof(DoubleHeadCases))]
    public void DoubleHeadsHaveHuggingFacesValuesAndGradients(string name)
    {
        using var expected = Open(name, "expected");
        using var model = Golden.Model(name);
        using var head = MultipleChoiceHead(name);
        using var scope = NewDisposeScope();
        var ids = expected.ReadTensor("double_heads/input_ids");                       // [N, S, T]
        var batch = new ExampleBatch(Examples(name, ids, expected.ReadTensor("double_heads/mc_labels")));
        var logits = batch.TaskLogits(batch.Hidden(model), head);
        Near(expected.ReadTensor("double_heads/mc_logits"), logits, LogitTolerance, "mc_logits");
        var choice = nn.functional.cross_entropy(logits, expected.ReadTensor("double_heads/mc_labels"));
        Assert.Equal(expected.ReadTensor("double_heads/mc_loss").ToSingle(), choice.ToSingle(), LossTolerance);

        // Hugging Face takes one mean over all unmasked tokens: the plain language-modelling loss.
        var (tokens, labels) = (ids.flatten(0, 1), expected.ReadTensor("double_heads/labels").flatten(0, 1));
        var lm = model.Loss(tokens.narrow(1, 0, tokens.size(1) - 1), labels.narrow(1, 1, labels.size(1) - 1).contiguous());
        Assert.Equal(expected.ReadTensor("double_heads/lm_loss").ToSingle(), lm.ToSingle(), LossTolerance);
        var total = choice + lm * Lambda;
        Assert.Equal(expected.ReadTensor("double_heads/total_loss").ToSingle(), total.ToSingle(), LossTolerance);
        total.backward();
        foreach (var (parameter, value) in model.named_parameters()) NearGradient(Golden.Read(expected, "double_heads/grad/", parameter), value.grad!, parameter);
        NearGradient(expected.ReadTensor("double_heads/grad/multiple_choice_head.summary.weight"), head.parameters().First().grad!, "head");
    }

    [Theory, MemberData(nameof(TrainingCases))]
    public void FiveFineTuningUpdatesFollowTheReferenceTrajectory(string name)
    {
        var training = Golden.Json(name, "training.json");
        using var expected = Open(name, "expected");
        using var final = Open(name, "training");
        foreach (var (run, details) in training.AsObject().Where(pair => pair.Key.StartsWith("finetune", StringComparison.Ordinal)))
        {
            using var model = Golden.Model(name);
            using var head = MultipleChoiceHead(name);
            using var scope = NewDisposeScope();
            var batch = new ExampleBatch(Examples(name, expected.ReadTensor("original_objective/x").select(3, 0), expected.ReadTensor("original_objective/y")));
            var config = new OptimizerConfig
            {
                Form = OptimizerForm.Gpt1, Beta1 = (double)details!["b1"]!, Beta2 = (double)details["b2"]!, Epsilon = (double)details["e"]!,
                WeightDecay = (double)details["l2"]!, GradientClip = (double)details["max_grad_norm"]!, DecayRule = (bool)details["vector_l2"]! ? DecayRule.All : DecayRule.Gpt1,
            };
            var schedule = new Gpt1LinearSchedule { Warmup = (double)details["warmup"]! };
            var objective = new FineTuneObjective(model, head, Lambda, LmSoftmax.VocabularyAndPositions);
            using var optimizer = Optimizer.Create([.. OptimizerGroups.Of(model, config.DecayRule), .. OptimizerGroups.Of(head, config.DecayRule, "head.")], config);
            for (var step = 0; step < details["losses"]!.AsArray().Count; step++)
            {
                using var inner = NewDisposeScope();
                var share = objective.Share(batch, batch.Examples.Count, batch.Examples.Count * batch.SequenceCount);
                Assert.Equal((double)details["losses"]![step]!, share.Total.ToSingle(), 1e-4);
                share.Total.backward();
                var norm = optimizer.GradientNorm();
                Assert.Equal((double)details["grad_global_norms"]![step]!, norm, 1e-3);
                optimizer.Step((double)details["lr"]! * schedule.FactorAt(step, 0, (long)details["t_total"]!), optimizer.ClipScale(norm));
                optimizer.ReleaseGradients();
            }

            var differences = new List<double>();
            foreach (var (parameter, value) in model.named_parameters()) Golden.AssertTrained(parameter, Golden.Read(final, run + "/final/", parameter), value, differences);
            Golden.AssertTrained("head", final.ReadTensor(run + "/final/clf_head.weight"), head.parameters().First(), differences);
            Golden.AssertMostlyWithin(differences, 1e-5);
        }
    }

    private static void Compare(string name, SafetensorsFile expected, string group, TaskHead head)
    {
        using var model = Golden.Model(name);
        using var scope = NewDisposeScope();
        var x = expected.ReadTensor(group + "/x").select(-1, 0);                       // token ids; the last axis also holds positions
        var batch = new ExampleBatch(Examples(name, x.dim() == 2 ? x.unsqueeze(1) : x, expected.ReadTensor(group + "/y")));
        var hidden = batch.Hidden(model);
        Near(expected.ReadTensor(group + "/clf_logits"), batch.TaskLogits(hidden, head), LogitTolerance, "clf_logits");
        var rows = cat(model.named_parameters().Where(pair => pair.name is "wte.weight" or "wpe.weight").Select(pair => (Tensor)pair.parameter).ToArray());
        Near(expected.ReadTensor(group + "/lm_losses"), batch.LmLosses(hidden, rows), LossTolerance, "lm_losses");

        // Cut into single examples, the shares must add up to the whole, value and gradient.
        var objective = new FineTuneObjective(model, head, Lambda, LmSoftmax.VocabularyAndPositions);
        var total = 0.0;
        foreach (var example in batch.Examples)
        {
            var share = objective.Share(new ExampleBatch([example]), batch.Examples.Count, batch.Examples.Count * batch.SequenceCount);
            share.Total.backward();
            total += share.Total.ToSingle();
            Assert.Equal(share.Total.ToSingle(), share.Task + Lambda * share.Lm, 1e-6);
        }

        Assert.Equal(expected.ReadTensor(group + "/total_loss").ToSingle(), total, LossTolerance);
        foreach (var (parameter, value) in model.named_parameters())
        {
            var stored = expected.Tensors.Keys.Any(key => key.StartsWith(group + "/grad/", StringComparison.Ordinal) && key.EndsWith(parameter, StringComparison.Ordinal)) || parameter is "wte.weight" or "wpe.weight";
            if (stored) NearGradient(Golden.Read(expected, group + "/grad/", parameter), value.grad!, parameter);
        }

        NearGradient(expected.ReadTensor(group + "/grad/clf_head.weight"), head.parameters().First().grad!, "clf_head.weight");
    }

    /// <summary>Examples without their padding: each sequence ends with the extract token.</summary>
    private static EncodedExample[] Examples(string name, Tensor ids, Tensor labels)
    {
        var extract = (long)Golden.Json(name, "case.json")["special_tokens"]!["_classify_"]!;
        return Enumerable.Range(0, (int)ids.size(0)).Select(i => new EncodedExample($"{i}", Enumerable.Range(0, (int)ids.size(1)).Select(s =>
        {
            var row = ids[i, s].contiguous().data<long>().ToArray();
            return row.Take(Array.IndexOf(row, extract) + 1).Select(id => (int)id).ToArray();
        }).ToArray(), (int)labels[i].ToInt64(), false)).ToArray();
    }

    private static TaskHead MultipleChoiceHead(string name)
    {
        using var file = SafetensorsFile.Open(Path.Combine(Golden.Root, name, "model.prefixed.safetensors"));
        using var scope = NewDisposeScope();
        var prefix = file.Tensors.Keys.Single(key => key.EndsWith("multiple_choice_head.summary.weight", StringComparison.Ordinal))[..^"weight".Length];
        return Head(TaskKind.MultipleChoice, file.ReadTensor(prefix + "weight"), file.ReadTensor(prefix + "bias"));
    }

    private static TaskHead Head(TaskKind kind, Tensor weight, Tensor bias)
    {
        var head = new TaskHead(kind, (int)weight.size(1), (int)weight.size(0), 0, 0);
        using var noGradient = no_grad();
        foreach (var (name, parameter) in head.named_parameters()) parameter.copy_(name.EndsWith("weight", StringComparison.Ordinal) ? weight : bias);
        return head;
    }

    private static SafetensorsFile Open(string name, string file) => SafetensorsFile.Open(Path.Combine(Golden.Root, name, file + ".safetensors"));

    private static void Near(Tensor expected, Tensor actual, double tolerance, string what)
    {
        var difference = (expected.reshape(-1) - actual.reshape(-1)).abs().max().ToSingle();
        Assert.True(difference <= tolerance, $"{what}: largest difference {difference}");
    }

    private static void NearGradient(Tensor expected, Tensor actual, string what)
    {
        var excess = ((expected - actual).abs() - expected.abs() * 1e-4).max().ToSingle();
        Assert.True(excess <= 1e-4, $"gradient of {what}: {excess} above the relative tolerance");
    }
}
