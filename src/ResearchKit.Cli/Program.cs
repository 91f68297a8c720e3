using TorchSharp;
var a = torch.rand(3, 3);
Console.WriteLine((a.matmul(a)).ToString(TorchSharp.TensorStringStyle.Default));
