using ResearchKit.Models.Tests.Reference;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class GoldenForwardTests
{
    public static TheoryData<string> Cases => Golden.CasesWith("expected.safetensors");

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsAndLossEqualTheReference(string folder)
    {
        using var model = GoldenModel.Load(folder);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var expected = new TensorFile(folder, "expected.safetensors");
        foreach (var run in new[] { "lm", "lm_full_ctx" })
        {
            var tokens = expected[$"{run}/input_ids"];
            Tolerance.Close(expected[$"{run}/logits"], model.call(tokens), Tolerance.Logits, $"{run}/logits");
            var targets = full_like(tokens, Gpt.IgnoredTarget);
            targets.narrow(1, 0, tokens.size(1) - 1).copy_(tokens.narrow(1, 1, tokens.size(1) - 1));
            Tolerance.Close(expected[$"{run}/loss"].reshape(1), model.Loss(tokens, targets).reshape(1), Tolerance.Loss, $"{run}/loss");
        }
    }
}
