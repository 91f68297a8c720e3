using TorchSharp;
using Xunit;

namespace ResearchKit.Testing;

/// <summary>Asserts that code leaves no tensor behind (TorchSharp frees native memory only when told to).</summary>
public static class TensorLeak
{
    /// <summary>Runs <paramref name="body"/> twice to warm lazily made tensors up, then once more, and demands an unchanged live count.</summary>
    /// <param name="body">Code that must dispose or hand out nothing.</param>
    public static void None(Action body)
    {
        body();
        body();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        body();
        var after = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.Equal(before, after);
    }
}
