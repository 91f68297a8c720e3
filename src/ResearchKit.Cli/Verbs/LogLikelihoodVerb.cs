using System.CommandLine;
using System.Text.Json.Serialization;
using ResearchKit.Core;
using ResearchKit.Experiments;
using ResearchKit.Models;
using ResearchKit.Models.Checkpoints;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk loglikelihood</c>: scores continuations given as token ids.</summary>
internal sealed class LogLikelihoodVerb : Verb
{
    public override Command Command()
    {
        var model = ModelFolderOption();
        var requests = new Option<string>("--requests") { Description = "Lines {\"context\":[ids],\"continuation\":[ids]}.", Required = true, HelpName = "IN.jsonl" };
        var output = new Option<string>("--out") { Description = "Lines {\"logprob\":x,\"greedy\":bool} in the same order; nats.", Required = true, HelpName = "OUT.jsonl" };
        var (device, threads) = (Device(), Threads());
        var command = new Command("loglikelihood", """
            Scores continuations given contexts, both as token ids. Too long contexts are cut from the left, as in lm-evaluation-harness.

            Example:  rk loglikelihood --model results/models/gpt2-mini --requests in.jsonl --out out.jsonl
            """) { model, requests, output, device, threads };
        command.SetAction((parsed, cancellation) =>
        {
            var computeDevice = RunEnvironment.Start(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            using var loaded = ModelFolder.Load(parsed.GetRequiredValue(model));
            computeDevice.MoveHere(loaded.Model);
            using var languageModel = new GptLanguageModel(loaded.Model, loaded.Name, loaded.WeightsHash);
            var read = JsonFile.ReadLines<Request, LikelihoodRequest>(parsed.GetRequiredValue(requests), "{\"context\":[ids],\"continuation\":[ids]}", line =>
            {
                var request = new LikelihoodRequest(line.Context, line.Continuation);
                return languageModel.ProblemOf(request) is { } problem ? throw new ArgumentException(problem) : request;
            });
            var scores = languageModel.LogLikelihood(read, cancellation);
            JsonFile.WriteLines(parsed.GetRequiredValue(output), scores.Select(score => new Answer(score.LogProbability, score.IsGreedy)));
            return Task.FromResult(0);
        });
        return command;
    }

    private sealed record Request(int[] Context, int[] Continuation);

    private sealed record Answer([property: JsonPropertyName("logprob")] double LogProbability, bool Greedy);
}
