-- A value as bytes that sort like the value itself. {value}: column or parameter, {code}: kind of value.
denk_order({value}, {code})
