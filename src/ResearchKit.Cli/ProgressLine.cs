using ResearchKit.Core;
using ResearchKit.Experiments;
using static System.FormattableString;

namespace ResearchKit.Cli;

/// <summary>One line on standard error that says what is being done, how fast, and how long it will take. Rewritten in place on a terminal, a line now and then elsewhere.</summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan FileInterval = TimeSpan.FromSeconds(10);
    private readonly bool _terminal = !Console.IsErrorRedirected;
    private DateTime _last = DateTime.MinValue;
    private int _width;

    /// <summary>Shows a text, unless one was shown a moment ago.</summary>
    public void Show(string text)
    {
        var now = DateTime.UtcNow;
        if (now - _last < (_terminal ? TerminalInterval : FileInterval)) return;
        _last = now;
        if (_terminal)
        {
            var room = Math.Max(20, Console.WindowWidth - 1);
            if (text.Length > room) text = text[..room];
            Console.Error.Write("\r" + text.PadRight(Math.Min(room, _width)));
            _width = text.Length;
        }
        else
        {
            Console.Error.WriteLine(text);
        }
    }

    /// <summary>Shows reports of some kind in words.</summary>
    public IProgress<T> For<T>(Func<T, string> words) => new InlineProgress<T>(value => Show(words(value)));

    /// <summary>Shows how far a comparison is.</summary>
    public IProgress<RunProgress> ForRun() => For<RunProgress>(value =>
    {
        var left = value.Left is { } time ? $", {Duration(time)} left" : "";
        var rate = value.TokensPerSecond > 0 ? Invariant($", {value.TokensPerSecond:N0} tokens/s{left}") : "";
        return $"[{value.Done}/{value.Total}] {value.Doing}{rate}";
    });

    /// <summary>Leaves the line so that the next output starts on its own.</summary>
    public void Dispose()
    {
        if (_terminal && _width > 0) Console.Error.Write("\r" + new string(' ', _width) + "\r");
    }

    /// <summary>A duration as a person says it: 45 s, 3 min 20 s, 2 h 05 min.</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds < 60
        ? Invariant($"{time.TotalSeconds:0} s")
        : time.TotalHours < 1
            ? Invariant($"{(int)time.TotalMinutes} min {time.Seconds:00} s")
            : Invariant($"{(int)time.TotalHours} h {time.Minutes:00} min");
}
