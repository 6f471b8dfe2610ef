finish("x")
