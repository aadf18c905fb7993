module stagedoor/bench/peers/go

go 1.19
