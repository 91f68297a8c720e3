using System.CommandLine;
using ResearchKit.Core;
using ResearchKit.Experiments;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk logits</c>: full logits of given token ids, for comparing with other implementations.</summary>
internal sealed class LogitsVerb : Verb
{
    public override Command Command()
    {
        var model = ModelFolderOption();
        var tokens = new Option<string>("--tokens") { Description = "JSON file [[ids…],…], lists of equal length.", Required = true, HelpName = "FILE.json" };
        var output = new Option<string>("--out") { Description = "Result: tensor `logits` [B, T, V] float32.", Required = true, HelpName = "FILE.safetensors" };
        var (device, threads) = (Device(), Threads());
        var command = new Command("logits", """
            Writes a model's logits for given token ids.

            Example:  rk logits --model results/models/gpt2-mini --tokens ids.json --out logits.safetensors
            """) { model, tokens, output, device, threads };
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(tokens);
            var ids = JsonFile.Read<int[]?[]>(path, "[[ids…],…]").Select(row => row ?? throw new ConfigException($"{path}: expected [[ids…],…], got null among the lists.")).ToList();
            var computeDevice = RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            using var loaded = ModelFolder.Load(parsed.GetRequiredValue(model));
            computeDevice.MoveHere(loaded.Model);
            LogitsFile.Write(loaded.Model, ids, parsed.GetRequiredValue(output));
            return 0;
        });
        return command;
    }
}
