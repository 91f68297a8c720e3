using System.Diagnostics;
using System.Net;
using static System.FormattableString;

namespace ResearchKit.Notebooks;

/// <summary>A progress bar in the output of a cell, drawn at most ten times a second. Also an <see cref="IProgress{T}"/> of the steps done.</summary>
public sealed class ProgressBar : IProgress<long>
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly string _name;
    private readonly long _total;
    private readonly DisplayHandle _handle;
    private TimeSpan _drawn;

    /// <summary>Shows an empty bar.</summary>
    /// <param name="name">What is progressing.</param>
    /// <param name="total">Steps in all, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="total"/> is below 1.</exception>
    public ProgressBar(string name, long total)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, 1);
        (_name, _total) = (name, total);
        _handle = Notebook.Display(Bundle(0, null));
    }

    /// <summary>Moves the bar.</summary>
    /// <param name="value">Steps done.</param>
    public void Report(long value) => Report(value, null);

    /// <summary>Moves the bar and changes the words behind it.</summary>
    /// <param name="value">Steps done; the bar is always drawn when this reaches the total.</param>
    /// <param name="note">Such as <c>loss 3.21</c>; null for none.</param>
    public void Report(long value, string? note)
    {
        lock (_gate)
        {
            if (value < _total && _clock.Elapsed - _drawn < Interval) return;
            _drawn = _clock.Elapsed;
            _handle.Update(Bundle(value, note));
        }
    }

    private MimeBundle Bundle(long value, string? note)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        var left = value > 0 && value < _total && seconds > 1 ? $", {Duration(seconds / value * (_total - value))} left" : value >= _total ? $" in {Duration(seconds)}" : "";
        var words = Invariant($"{value:N0} of {_total:N0}{left}{(note is null ? "" : ", " + note)}");
        var filled = (int)(20 * Math.Clamp((double)value / _total, 0, 1));
        return MimeBundle.OfHtml(
            Invariant($"<div>{WebUtility.HtmlEncode(_name)} <progress value=\"{value}\" max=\"{_total}\" style=\"width:16em;vertical-align:middle\"></progress> <span style=\"font-variant-numeric:tabular-nums\">{WebUtility.HtmlEncode(words)}</span></div>"),
            $"{_name} [{new string('#', filled)}{new string('.', 20 - filled)}] {words}");
    }

    private static string Duration(double seconds) => seconds switch
    {
        < 60 => Invariant($"{seconds:0.0} s"),
        < 3600 => Invariant($"{Math.Floor(seconds / 60)} min {seconds % 60:0} s"),
        _ => Invariant($"{Math.Floor(seconds / 3600)} h {seconds % 3600 / 60:0} min"),
    };
}
