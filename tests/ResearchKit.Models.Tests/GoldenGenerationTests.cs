using ResearchKit.Core;
using ResearchKit.Models.Tests.Reference;
using static TorchSharp.torch;

namespace ResearchKit.Models.Tests;

public class GoldenGenerationTests
{
    public static TheoryData<string> Cases => Golden.CasesWith("generation.json");

    [Theory]
    [MemberData(nameof(Cases))]
    public void GreedyTextsEqualTheReferenceAloneAndTogether(string folder)
    {
        using var model = new GptLanguageModel(GoldenModel.Load(folder), folder, "");
        var stored = Golden.Json(folder, "generation.json");
        var items = stored.GetProperty("prompts").EnumerateArray().Append(stored.GetProperty("cropped")).ToArray();
        var requests = items.Select(item => new GenerationRequest(
            Golden.Ids(item.GetProperty("prompt")), new GenerationOptions { MaxNewTokenCount = item.GetProperty("greedy").GetArrayLength() })).ToArray();
        var together = model.Generate(requests);
        for (var i = 0; i < items.Length; i++)
        {
            Assert.Equal(Golden.Ids(items[i].GetProperty("greedy")), together[i].Tokens);
            Assert.Equal(together[i].Tokens, model.Generate([requests[i]])[0].Tokens);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void CachedStepLogitsEqualTheReference(string folder)
    {
        using var model = GoldenModel.Load(folder);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var stored = Golden.Json(folder, "generation.json").GetProperty("prompts").EnumerateArray().ToArray();
        var expected = new TensorFile(folder, "generation.safetensors");
        for (var i = 0; i < stored.Length; i++)
        {
            var (prompt, greedy) = (Golden.Ids(stored[i].GetProperty("prompt")), Golden.Ids(stored[i].GetProperty("greedy")));
            using var cache = new KeyValueCache(model, 1);
            var states = new List<TorchSharp.torch.Tensor> { model.Hidden(TinyModel.Tokens(prompt), cache)[0, -1] };
            states.AddRange(greedy[..^1].Select(token => model.Hidden(TinyModel.Tokens([token]), cache)[0, 0]));
            Tolerance.Close(expected[$"greedy/{i}/step_logits"], model.Logits(stack(states, 0)), Tolerance.Cache, $"greedy/{i}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SamplingFiltersEqualTheReference(string folder)
    {
        using var scope = NewDisposeScope();
        var filters = Golden.Json(folder, "generation.json").GetProperty("sampling_filters").EnumerateArray().ToArray();
        var expected = new TensorFile(folder, "generation.safetensors");
        var logits = expected["sampling/logits"];
        for (var k = 0; k < filters.Length; k++)
        {
            var options = new GenerationOptions
            {
                Temperature = filters[k].GetProperty("temperature").GetDouble(),
                TopK = filters[k].GetProperty("top_k").GetInt32(),
                TopP = filters[k].GetProperty("top_p").GetDouble(),
            };
            for (var row = 0; row < logits.size(0); row++)
            {
                var probabilities = TokenSampler.Probabilities(logits[row].data<float>().ToArray(), options);
                var stored = expected[$"sampling/{k}/probs"][row].data<float>().ToArray();
                Assert.Equal(stored.Select(p => p > 0), probabilities.Select(p => p > 0));
                for (var id = 0; id < stored.Length; id++) Assert.Equal(stored[id], probabilities[id], 1e-6);
            }
        }
    }
}
