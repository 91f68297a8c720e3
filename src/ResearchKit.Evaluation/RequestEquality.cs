using System.Runtime.InteropServices;
using ResearchKit.Core;

namespace ResearchKit.Evaluation;

/// <summary>Requests are equal when their ids are.</summary>
internal sealed class RequestEquality : IEqualityComparer<LikelihoodRequest>
{
    public static readonly RequestEquality Instance = new();

    public bool Equals(LikelihoodRequest? x, LikelihoodRequest? y) =>
        ReferenceEquals(x, y) || (x is not null && y is not null && x.Context.AsSpan().SequenceEqual(y.Context) && x.Continuation.AsSpan().SequenceEqual(y.Continuation));

    public int GetHashCode(LikelihoodRequest request)
    {
        var hash = new HashCode();
        hash.AddBytes(MemoryMarshal.AsBytes<int>(request.Context));
        hash.Add(request.Context.Length);
        hash.AddBytes(MemoryMarshal.AsBytes<int>(request.Continuation));
        return hash.ToHashCode();
    }
}
