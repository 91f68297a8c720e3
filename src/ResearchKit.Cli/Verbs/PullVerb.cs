using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Models.Hub;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk pull</c>: fetches a published model into the cache that the ecosystem's tools share.</summary>
internal sealed class PullVerb : Verb
{
    public override Command Command()
    {
        var name = new Argument<string>("MODEL") { Description = "Name on the hub, such as gpt2, gpt2-xl, openai-gpt, EleutherAI/gpt-neo-125m, cerebras/Cerebras-GPT-111M." };
        var revision = new Option<string>("--revision") { Description = "Branch, tag or commit.", DefaultValueFactory = _ => "main", HelpName = "REV" };
        var endpoint = new Option<string?>("--endpoint") { Description = $"Server; default the environment variable {HubPull.EndpointVariable}, else https://huggingface.co.", HelpName = "URL" };
        var cache = new Option<string?>("--cache") { Description = "Cache folder; default HF_HUB_CACHE, else hub in HF_HOME, else ~/.cache/huggingface/hub.", HelpName = "DIR" };
        var offline = new Option<bool>("--offline") { Description = $"Only look into the cache, as {HubPull.OfflineVariable}=1 does." };
        var json = Json();
        var command = new Command("pull", """
            Fetches a model from a hub-style server: only what is missing, carried on after an interruption, every file checked. A pulled model is named by --model.
            A private or gated model needs an access token in HF_TOKEN (or where the hub's own login put it); it is shown to that server alone.

            Example:  rk pull gpt2 && rk eval --model gpt2 --task lambada --protocol gpt2-paper
            """) { name, revision, endpoint, cache, offline, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var hub = new HubCache(parsed.GetValue(cache));
            var (model, at) = (parsed.GetRequiredValue(name), parsed.GetRequiredValue(revision));
            if (parsed.GetValue(offline) || HubPull.IsOffline)
            {
                var found = hub.Find(HubCache.RepositoryOf(model), at) ?? hub.Find(model, at) ?? throw new ConfigException($"{model} ({at}) is not in the cache {hub.Folder}, and the network is not to be used (--offline or {HubPull.OfflineVariable}).");
                if (parsed.GetValue(json)) PrintJson(new { repository = HubCache.RepositoryOf(model), folder = found, fetched = Array.Empty<string>() });
                else Console.WriteLine($"{model}: in the cache, {found}");
                return 0;
            }

            HubModel pulled;
            using (var client = new HttpClient(new HubAccess(HubPull.EndpointOf(parsed.GetValue(endpoint)), HubAccess.FindToken())))
            using (var line = new ProgressLine())
            {
                pulled = await new HubPull(client, hub, parsed.GetValue(endpoint)).PullAsync(model, at, line.For<HubProgress>(Words), cancellation).ConfigureAwait(false);
            }

            if (parsed.GetValue(json)) PrintJson(pulled);
            else Console.WriteLine($"{pulled.Repository} at {pulled.Commit[..12]}: {pulled.Fetched.Count} files fetched, {pulled.AlreadyPresent.Count} were there.\n{pulled.Folder}");
            return 0;
        });
        return command;
    }

    private static string Words(HubProgress value) => Invariant(
        $"{value.File}: {value.ReceivedByteCount / 1e6:0.0}{(value.TotalByteCount > 0 ? $" of {(value.TotalByteCount / 1e6).ToString("0.0", CultureInfo.InvariantCulture)}" : "")} MB");
}
