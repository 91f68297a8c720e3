using ResearchKit.Core.Configuration;
using ResearchKit.Models;
using TorchSharp;
using var m = new Gpt(Presets.Get("gpt3-mini").Config, 1);
foreach (var (n, p) in m.named_parameters()) Console.WriteLine($"{n} [{string.Join(",", p.shape)}]");
Console.WriteLine(m.named_parameters().Sum(p => p.parameter.numel()) + " " + m.Config.ParameterCount);
var x = torch.randint(0, 2048, new long[] { 2, 100 });
Console.WriteLine(m.Loss(x, x).item<float>());
