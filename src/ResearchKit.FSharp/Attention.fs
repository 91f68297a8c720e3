namespace ResearchKit.FSharp

open ResearchKit.Core.Random
open ResearchKit.Models
open TorchSharp

/// Tensors for study. What a scope makes is freed at its end.
[<RequireQualifiedAccess>]
module Tensor =

    /// Runs without gradients and frees every tensor made inside; return plain values.
    let scoped (work: unit -> 'T) : 'T =
        Compute.ready ()
        use _ = torch.NewDisposeScope()
        use _ = torch.inference_mode ()
        work ()

    /// Normal numbers of a shape, drawn by a seed: the same on every machine.
    let normal (seed: int64) (shape: int64 list) : torch.Tensor =
        let random = CounterRandom(seed, "normal", System.ReadOnlySpan.Empty)
        let values = Array.init (int (List.fold (*) 1L shape)) (fun _ -> float32 (random.NextGaussian()))
        torch.tensor(values).reshape (Array.ofList shape)

    /// The numbers of a tensor, row after row.
    let values (tensor: torch.Tensor) : float32[] =
        tensor.``to``(torch.float32).cpu().contiguous().data<float32>().ToArray()

    /// Largest difference between two tensors of one shape.
    let distance (first: torch.Tensor) (second: torch.Tensor) : float =
        Array.fold2 (fun most a b -> max most (abs (float a - float b))) 0.0 (values first) (values second)

/// Attention alone: [B, H, T, D] queries, keys and values to [B, H, T, D].
[<RequireQualifiedAccess>]
module Attention =

    /// The path that the models take: it does only the work that the pattern asks for, where that pays.
    let fast (pattern: Pattern) (q: torch.Tensor) (k: torch.Tensor) (v: torch.Tensor) : torch.Tensor =
        AttentionKernels.Attend(q, k, v, Pattern.toAttention pattern, true)

    /// The definition: the whole score matrix, forbidden scores at minus infinity, softmax, weighted sum.
    let oracle (pattern: Pattern) (q: torch.Tensor) (k: torch.Tensor) (v: torch.Tensor) : torch.Tensor =
        AttentionKernels.AttendMaskedDense(q, k, v, Pattern.toAttention pattern, true)

    /// Attention weights [B, H, T, T]; every row sums to 1.
    let weights (pattern: Pattern) (q: torch.Tensor) (k: torch.Tensor) : torch.Tensor =
        AttentionKernels.Weights(q, k, Pattern.toAttention pattern, true)
