package main

// forbes1857 is the boiling point of water in °F and the pressure of the air in
// inches of mercury at 17 places in the Alps and in Scotland: J. D. Forbes,
// Transactions of the Royal Society of Edinburgh 21, 1857.
var forbes1857 = []row{
	{194.5, 20.79}, {194.3, 20.79}, {197.9, 22.40}, {198.4, 22.67}, {199.4, 23.15},
	{199.9, 23.35}, {200.9, 23.89}, {201.1, 23.99}, {201.4, 24.02}, {201.3, 24.01},
	{203.6, 25.14}, {204.6, 26.57}, {209.5, 28.49}, {208.6, 27.76}, {210.7, 29.04},
	{211.9, 29.88}, {212.2, 30.06},
}

// hubble1929 is the distance in Mpc and the radial velocity in km/s of 24
// galaxies: E. Hubble, Proceedings of the National Academy of Sciences 15, 1929.
var hubble1929 = []row{
	{0.032, 170}, {0.034, 290}, {0.214, -130}, {0.263, -70}, {0.275, -185}, {0.275, -220},
	{0.45, 200}, {0.5, 290}, {0.5, 270}, {0.63, 200}, {0.8, 300}, {0.9, -30}, {0.9, 650},
	{0.9, 150}, {0.9, 500}, {1.0, 920}, {1.1, 450}, {1.1, 500}, {1.4, 500}, {1.7, 960},
	{2.0, 500}, {2.0, 850}, {2.0, 800}, {2.0, 1090},
}
