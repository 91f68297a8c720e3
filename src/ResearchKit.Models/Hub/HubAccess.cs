using System.Net;
using System.Net.Http.Headers;
using ResearchKit.Core;

namespace ResearchKit.Models.Hub;

/// <summary>Shows a hub the reader's access token, and no other server: it follows redirects itself, and leaves the token out where they lead elsewhere.</summary>
/// <remarks>Over plain http a token is shown to this machine only. A redirect from https to http is not followed.</remarks>
public sealed class HubAccess : DelegatingHandler
{
    /// <summary>Environment variable that holds the token; else it is read from the file <c>HF_TOKEN_PATH</c>, else from <c>token</c> in <c>HF_HOME</c> or <c>~/.cache/huggingface</c>, where the ecosystem's login puts it.</summary>
    public const string TokenVariable = "HF_TOKEN";

    /// <summary>Environment variable that leaves the token out (1, true, yes, on).</summary>
    public const string NoTokenVariable = "HF_HUB_DISABLE_IMPLICIT_TOKEN";

    private const int MostRedirects = 10;

    /// <summary>What a hub says of a file before it leads on to where the file is kept, which does not say it.</summary>
    private static readonly string[] SaidOfFiles = ["X-Linked-Etag", "X-Linked-Size"];

    private readonly Uri _hub;
    private readonly string? _token;

    /// <summary>Prepares a client's handler.</summary>
    /// <param name="hub">Server that the token is for.</param>
    /// <param name="token">Token; null sends none.</param>
    public HubAccess(Uri hub, string? token) : base(new SocketsHttpHandler { AllowAutoRedirect = false }) => (_hub, _token) = (hub, hub.Scheme == Uri.UriSchemeHttps || hub.IsLoopback ? token : null);

    /// <summary>The token that the environment gives; null where there is none.</summary>
    /// <exception cref="ConfigException">It holds characters that no token has. The message does not show it.</exception>
    public static string? FindToken()
    {
        static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
        if (HubPull.IsOn(NoTokenVariable)) return null;
        var path = Variable("HF_TOKEN_PATH") ?? Path.Combine(HubCache.HomeFolder(), "token");
        var token = (Variable(TokenVariable) ?? (File.Exists(path) ? File.ReadAllText(path) : "")).Trim();
        return token.Length == 0 ? null
            : token.All(c => c is > ' ' and < '\u007f') ? token
            : throw new ConfigException($"The access token of {(Variable(TokenVariable) is null ? $"'{path}'" : TokenVariable)} holds spaces or characters beyond ASCII, which no token has.");
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var said = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var redirects = 0; ; redirects++)
        {
            request.Headers.Authorization = _token is not null && IsHub(request.RequestUri!) ? new AuthenticationHeaderValue("Bearer", _token) : null;
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            foreach (var name in SaidOfFiles)
            {
                if (response.Headers.TryGetValues(name, out var own)) said[name] = own.First();
                else if (said.TryGetValue(name, out var before)) response.Headers.TryAddWithoutValidation(name, before);
            }

            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location) return response;
            var next = new Uri(request.RequestUri!, location);
            if (next.Scheme != Uri.UriSchemeHttps && request.RequestUri!.Scheme != next.Scheme) return response;
            response.Dispose();
            if (redirects == MostRedirects) throw new HttpRequestException($"{request.RequestUri} leads on through more than {MostRedirects} redirects");
            var onward = new HttpRequestMessage(request.Method, next);
            foreach (var (name, values) in request.Headers.Where(header => header.Key is not ("Authorization" or "Host"))) onward.Headers.TryAddWithoutValidation(name, values);
            request = onward;
        }
    }

    private static bool IsRedirect(HttpStatusCode status) =>
        status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private bool IsHub(Uri address) => Uri.Compare(address, _hub, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;
}
