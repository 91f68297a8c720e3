using System.Text;
using ResearchKit.Notebooks;
using static System.FormattableString;

namespace ResearchKit.Kernel.Cells;

/// <summary>The outputs of one run of a cell: collects what is printed for 50 ms, keeps the order of text and displays, and cuts floods.</summary>
internal sealed class CellOutput : IDisposable
{
    /// <summary>Printed characters of a run that are kept; what follows is counted and dropped.</summary>
    public const int MostCharacters = 1_000_000;

    /// <summary>Displays of a run that are kept; what follows is counted and dropped.</summary>
    public const int MostDisplays = 1000;

    /// <summary>Characters that one display may have in one form.</summary>
    public const int MostDisplayCharacters = 20_000_000;

    private static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(50);

    // Not System.Threading.Lock: an abort of the cell between its entry and the try behind it would leave it taken for ever.
    private readonly object _gate = new();
    private readonly ICellSink _sink;
    private readonly Timer _timer;
    private readonly StringBuilder _text = new();
    private readonly Dictionary<string, MimeBundle> _updates = new(StringComparer.Ordinal);
    private string _stream = "stdout";
    private bool _timerIsSet;
    private long _characters;
    private long _displays;
    private bool _isClosed;

    /// <summary>Opens the outputs of a run.</summary>
    /// <param name="sink">Where they go.</param>
    /// <param name="cell">Name of the cell, the same when it is run again.</param>
    /// <param name="execution">Number of the run.</param>
    public CellOutput(ICellSink sink, string cell, long execution)
    {
        (_sink, Cell, Execution) = (sink, cell, execution);
        _timer = new Timer(_ => Flush());
    }

    /// <summary>Name of the cell.</summary>
    public string Cell { get; }

    /// <summary>Number of the run.</summary>
    public long Execution { get; }

    /// <summary>Cancelled when the run is interrupted.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Prints.</summary>
    public void Write(string stream, ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            // Text of the other stream would change places with this one if both were held back.
            if (stream != _stream) FlushText();
            _stream = stream;
            var room = (int)Math.Clamp(MostCharacters - _characters, 0, text.Length);
            var wasOpen = _characters < MostCharacters;
            _characters += text.Length;
            if (room > 0) _text.Append(text[..room]);
            if (wasOpen && _characters >= MostCharacters)
            {
                FlushText();
                _sink.Stream("stderr", Invariant($"\n[The output is cut here: the cell has printed {MostCharacters:N0} characters. The rest is dropped; write it to a file instead.]\n"));
            }

            if (_isClosed)
            {
                FlushText();
            }
            else if (_text.Length > 0 && !_timerIsSet)
            {
                _timerIsSet = true;
                _timer.Change(FlushInterval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Shows a value, or replaces one shown before.</summary>
    public void Show(MimeBundle bundle, string? displayId, bool update)
    {
        bundle = Fit(bundle);
        lock (_gate)
        {
            if (update && displayId is not null)
            {
                // Fast loops update hundreds of times a second; only the latest of an interval is sent.
                _updates[displayId] = bundle;
                if (_isClosed)
                {
                    FlushAll();
                    return;
                }

                if (_timerIsSet) return;
                _timerIsSet = true;
                _timer.Change(FlushInterval, Timeout.InfiniteTimeSpan);
                return;
            }

            if (++_displays > MostDisplays)
            {
                if (_displays == MostDisplays + 1) Write("stderr", Invariant($"\n[The cell has shown {MostDisplays:N0} values; the rest is dropped. Show a table or a chart of them instead.]\n"));
                return;
            }

            FlushAll();
            _sink.Display(bundle, displayId, update: false);
        }
    }

    /// <summary>Removes the outputs so far.</summary>
    public void Clear(bool wait)
    {
        lock (_gate)
        {
            _text.Clear();
            _updates.Clear();
            // What is removed no longer fills the page, so the room is there again.
            (_characters, _displays) = (0, 0);
            _sink.Clear(wait);
        }
    }

    /// <summary>Asks the person, after everything printed so far is shown.</summary>
    public string ReadLine(string prompt, bool hidden)
    {
        Flush();
        return _sink.ReadLine(prompt, hidden);
    }

    /// <summary>Sends what is held back.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            _timerIsSet = false;
            FlushAll();
        }
    }

    /// <summary>Ends the run: sends what is held back, and says how much was dropped. Threads that the cell started may still print; that goes out too.</summary>
    public void Close()
    {
        lock (_gate)
        {
            FlushAll();
            if (_characters > MostCharacters) _sink.Stream("stderr", Invariant($"[{_characters - MostCharacters:N0} characters were dropped.]\n"));
            if (_displays > MostDisplays) _sink.Stream("stderr", Invariant($"[{_displays - MostDisplays:N0} displays were dropped.]\n"));
            _isClosed = true;
        }
    }

    public void Dispose() => _timer.Dispose();

    private static MimeBundle Fit(MimeBundle bundle)
    {
        foreach (var type in bundle.Types)
        {
            if (bundle.Text(type) is not { Length: > MostDisplayCharacters } text) continue;
            var note = Invariant($"[A value of {text.Length:N0} characters of {type} is not shown; the limit is {MostDisplayCharacters:N0}. It begins:]\n");
            return MimeBundle.OfText(note + bundle.PlainText[..Math.Min(2000, bundle.PlainText.Length)]);
        }

        return bundle;
    }

    private void FlushAll()
    {
        FlushText();
        foreach (var (id, bundle) in _updates.OrderBy(pair => pair.Key, StringComparer.Ordinal)) _sink.Display(bundle, id, update: true);
        _updates.Clear();
    }

    private void FlushText()
    {
        if (_text.Length == 0) return;
        _sink.Stream(_stream, _text.ToString());
        _text.Clear();
    }
}
